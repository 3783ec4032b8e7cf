-- Which disks changed their tier in the last hour of event time?
-- --set hours=24 looks further back; a daily replay needs it.
SELECT
  TO_TIMESTAMP_LTZ(r.tierSinceMillis, 3) AS since,
  r.entity.id AS disk,
  r.tier,
  ROUND(r.score, 1) AS score,
  ROUND(r.probability, 6) AS probability,
  r.node,
  r.modes[1].reasons[1].text AS largest_reason
FROM risk_now AS r
CROSS JOIN (SELECT MAX(timeMillis) AS millis FROM risk_now WHERE entity.kind = 'DISK') AS newest
WHERE r.entity.kind = 'DISK'
  AND r.tierSinceMillis > newest.millis - CAST('${hours:-1}' AS BIGINT) * 3600000
  -- The first sample of a disk gives it a tier too; that is no change.
  AND r.samples > 1
ORDER BY since DESC, score DESC, disk
LIMIT 1000;
