-- How often did what each version of a model foretold come true, against how often it said it would? One whose upper end
-- is below half of its promise is demoted: what stands on its predictions is only advised.
SELECT
  mode,
  id AS model,
  version,
  ROUND(judged, 0) AS alarms_judged,
  ROUND(100 * promised, 1) AS promised_percent,
  ROUND(100 * share, 1) AS came_true_percent,
  ROUND(100 * lowest, 1) AS lowest_percent,
  ROUND(100 * highest, 1) AS highest_percent,
  demoted,
  event_time AS judged_until
FROM models_tallies_now
ORDER BY demoted DESC, model, version DESC
LIMIT 100;
