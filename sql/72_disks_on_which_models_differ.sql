-- On which disks do champion and challenger differ in the tier, and why does the challenger say so? The widest apart
-- first; from the newest sample of both. Disks that are silent now are left out.
SELECT
  r.entity.id AS disk,
  r.node,
  r.modes[1].model || ' ' || CAST(r.modes[1].modelVersion AS STRING) AS champion,
  r.tier AS champion_tier,
  ROUND(r.score, 1) AS champion_score,
  l.modes[1].model || ' ' || CAST(l.modes[1].modelVersion AS STRING) AS challenger,
  l.tier AS challenger_tier,
  ROUND(l.score, 1) AS challenger_score,
  CASE
    WHEN r.tier IN ('WARNING', 'CRITICAL') AND l.tier IN ('WARNING', 'CRITICAL') THEN 'both would act'
    WHEN r.tier IN ('WARNING', 'CRITICAL') THEN 'only the champion would act'
    WHEN l.tier IN ('WARNING', 'CRITICAL') THEN 'only the challenger would act'
    ELSE 'neither would act'
  END AS who_would_act,
  l.modes[1].reasons[1].text AS challenger_reason,
  r.modes[1].reasons[1].text AS champion_reason,
  r.event_time
FROM risk_now AS r
JOIN (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY record_key ORDER BY record_offset DESC) AS age
  FROM risk_lane) AS l ON l.record_key = r.record_key AND l.age = 1 AND l.samples = r.samples
WHERE NOT r.stale
  AND r.entity.kind = 'DISK'
  AND r.tier <> l.tier
  AND (l.modes[1].model <> r.modes[1].model OR l.modes[1].modelVersion <> r.modes[1].modelVersion)
ORDER BY ABS(r.score - l.score) DESC, disk
LIMIT 1000;
