// Runs before the first paint, so that a dark page is never white for a moment.
(() => {
  let wanted = null;
  try { wanted = localStorage.getItem('forestall-theme'); } catch { /* Storage may be forbidden. */ }
  if (wanted === 'light' || wanted === 'dark') document.documentElement.dataset.theme = wanted;
})();
