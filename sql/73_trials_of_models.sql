-- What became of each retraining: who met whom on how many failing disks, what each found at the action budget, why a
-- challenger was not taken, whether the champion's level was moved, and what has drifted most (population stability
-- index: under 0.1 alike, above 0.25 another fleet). Newest first.
SELECT
  event_time AS trial,
  verdict,
  COALESCE(reasons[1], '') AS reason,
  challengerId || ' ' || CAST(challengerVersion AS STRING) AS challenger,
  COALESCE(championId || ' ' || CAST(championVersion AS STRING), 'count of error counters') AS champion,
  testFailures AS failing_disks,
  ROUND(100 * challenger.recall, 1) AS challenger_found_percent,
  ROUND(100 * champion.recall, 1) AS champion_found_percent,
  ROUND(sureness, 2) AS sureness,
  ROUND(champion.observedOverExpectedSince, 2) AS champion_observed_over_expected,
  recalibratedVersion AS champion_moved_to_version,
  text
FROM models_trials
ORDER BY event_time DESC, record_offset DESC
LIMIT 100;
