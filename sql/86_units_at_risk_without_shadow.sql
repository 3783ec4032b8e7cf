-- Which units are at risk and lack a shadow? By the maps and the newest scores: a copy in sync on a node in the tier
-- warning or critical, and fewer copies than the volume's minimum elsewhere; a shadow counts from the time it is named.
-- The plan itself also weighs how likely all copies fail together, maintenance, and what operators said of a node.
-- --set volume=v-1 shows one volume only.
SELECT
  h.volume,
  h.unit,
  h.minimum,
  COUNT(*) AS copies,
  SUM(CASE WHEN r.tier IN ('WARNING', 'CRITICAL') THEN 1 ELSE 0 END) AS at_risk,
  SUM(CASE WHEN h.role = 'SHADOW' THEN 1 ELSE 0 END) AS shadows,
  LISTAGG(CASE WHEN r.tier IN ('WARNING', 'CRITICAL') THEN h.node END, ', ') AS nodes_at_risk,
  MAX(ROUND(r.score, 1)) AS worst_score
FROM (
  SELECT m.volume, s.unit, m.minReplicas AS minimum, s.owner.id AS node, 'OWNER' AS role
  FROM maps_now AS m
  CROSS JOIN UNNEST(m.segments) AS s (unit, `index`, owner, epoch, writeMode, asyncBoundMillis, copies)
  UNION ALL
  SELECT m.volume, s.unit, m.minReplicas, c.node.id, c.role
  FROM maps_now AS m
  CROSS JOIN UNNEST(m.segments) AS s (unit, `index`, owner, epoch, writeMode, asyncBoundMillis, copies)
  CROSS JOIN UNNEST(s.copies) AS c (node, role, state, appliedSequence)
  WHERE c.role = 'SHADOW' OR c.state = 'IN_SYNC') AS h
LEFT JOIN risk_now AS r ON r.record_key = CONCAT('node/', h.node)
WHERE '${volume:-}' = '' OR h.volume = '${volume:-}'
GROUP BY h.volume, h.unit, h.minimum
HAVING SUM(CASE WHEN r.tier IN ('WARNING', 'CRITICAL') THEN 1 ELSE 0 END) > 0
  AND SUM(CASE WHEN r.tier IN ('WARNING', 'CRITICAL') THEN 0 ELSE 1 END) < h.minimum
ORDER BY worst_score DESC, volume, unit
LIMIT 1000;
