-- Which racks hold disks at risk? One row a rack, the worst first.
SELECT
  f.rack,
  f.zone,
  COUNT(*) AS disks,
  COUNT(r.record_key) AS scored,
  COUNT(*) FILTER (WHERE r.tier = 'CRITICAL') AS critical,
  COUNT(*) FILTER (WHERE r.tier = 'WARNING') AS warning,
  COUNT(*) FILTER (WHERE r.tier = 'WATCH') AS watch,
  ROUND(MAX(r.score), 1) AS highest_score,
  ROUND(SUM(r.probability), 2) AS failures_expected
FROM fleet_now AS f
LEFT JOIN risk_now AS r ON r.record_key = f.record_key
WHERE f.entity.kind = 'DISK'
GROUP BY f.rack, f.zone
ORDER BY critical DESC, warning DESC, watch DESC, rack
LIMIT 1000;
