-- The fifty disks with the highest scores, where they stand and why.
SELECT
  ROUND(r.score, 1) AS score,
  r.tier,
  ROUND(r.probability, 6) AS probability,
  ROUND(r.confidence, 2) AS confidence,
  r.entity.id AS disk,
  f.rack,
  f.node,
  f.model AS hardware,
  r.modes[1].reasons[1].text AS largest_reason
FROM risk_now AS r
LEFT JOIN fleet_now AS f ON f.record_key = r.record_key
WHERE r.entity.kind = 'DISK'
ORDER BY score DESC, disk
LIMIT 50;
