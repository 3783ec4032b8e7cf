-- Which disks of the fleet are silent, or were never scored? Silence is not health.
SELECT
  f.entity.id AS disk,
  f.rack,
  f.node,
  CASE WHEN r.record_key IS NULL THEN 'never scored' ELSE 'silent' END AS state,
  TO_TIMESTAMP_LTZ(r.timeMillis, 3) AS last_score,
  ROUND(r.confidence, 2) AS confidence
FROM fleet_now AS f
LEFT JOIN risk_now AS r ON r.record_key = f.record_key
WHERE f.entity.kind = 'DISK' AND (r.record_key IS NULL OR r.stale)
ORDER BY state, rack, node, disk
LIMIT 1000;
