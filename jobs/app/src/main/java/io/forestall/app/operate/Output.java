package io.forestall.app.operate;

/** How answers are printed. */
enum Output {
  TABLE,
  JSON
}
