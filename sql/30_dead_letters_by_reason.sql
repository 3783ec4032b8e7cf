-- What could not be taken in, and why? A dead letter that was written twice is one.
WITH letters AS (
  SELECT
    origin,
    reason,
    component,
    `partition`,
    `offset`,
    `index`,
    MAX(samples) AS samples,
    MAX(timeMillis) AS millis,
    MAX(detail) AS detail
  FROM dead_letters
  GROUP BY origin, reason, component, `partition`, `offset`, `index`
)
SELECT
  reason,
  component,
  COUNT(*) AS letters,
  SUM(samples) AS samples_lost,
  COUNT(DISTINCT origin) AS origins,
  TO_TIMESTAMP_LTZ(MAX(millis), 3) AS newest_event_time,
  MAX(detail) AS an_example
FROM letters
GROUP BY reason, component
ORDER BY letters DESC, reason, component
LIMIT 1000;
