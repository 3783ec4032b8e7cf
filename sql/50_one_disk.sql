-- One disk's history with its largest reasons, newest first: --set disk=SERIAL; without it, the disk with the highest score.
-- The topic is compacted: old scores of a disk go in time.
SELECT
  r.event_time,
  r.entity.id AS disk,
  r.tier,
  ROUND(r.score, 1) AS score,
  ROUND(r.probability, 6) AS probability,
  ROUND(r.confidence, 2) AS confidence,
  r.stale,
  r.samples,
  r.modes[1].model AS model,
  r.modes[1].modelVersion AS version,
  r.modes[1].reasons[1].text AS largest_reason,
  r.modes[1].reasons[2].text AS next_reason
FROM risk AS r
WHERE r.record_key = CASE
  WHEN '${disk:-}' <> '' THEN 'disk/${disk:-}'
  ELSE (
    SELECT MAX(record_key)
    FROM risk_now
    WHERE entity.kind = 'DISK' AND score = (SELECT MAX(score) FROM risk_now WHERE entity.kind = 'DISK'))
END
  AND r.entity IS NOT NULL
ORDER BY r.samples DESC, r.event_time DESC
LIMIT 400;
