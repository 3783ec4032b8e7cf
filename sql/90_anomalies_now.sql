-- What behaves unusually right now? The newest word on each signal of each thing, the worst first.
-- An anomaly is written when it begins, when it gets clearly worse and when it ends; one of which nothing was heard for
-- a day of event time is left out, because its thing has ended or fallen silent. --set hours=168 looks further back.
WITH newest AS (
  SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY record_key, `signal` ORDER BY record_offset DESC) AS age
    FROM anomalies)
  WHERE age = 1
)
SELECT
  n.record_key AS entity,
  n.node,
  n.`signal`,
  TO_TIMESTAMP_LTZ(n.sinceMillis, 3) AS since,
  n.`value`,
  n.expected,
  ROUND(n.score, 2) AS score,
  n.worse,
  CASE WHEN n.byPeers THEN 'peers' ELSE 'own past' END AS against,
  n.text
FROM newest AS n
CROSS JOIN (SELECT MAX(timeMillis) AS millis FROM anomalies) AS latest
WHERE NOT n.ended AND n.timeMillis > latest.millis - CAST('${hours:-24}' AS BIGINT) * 3600000
ORDER BY worse DESC, score DESC, since, entity, `signal`
LIMIT 1000;
