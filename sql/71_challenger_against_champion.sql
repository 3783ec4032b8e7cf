-- What would change if the challenger were champion? Disks by the tier that each gives them, from the newest sample of
-- both. Where only one of them is at WARNING or CRITICAL, only one would act. trust_ratio is the challenger's confidence
-- by the champion's: below 1 its memory of those disks is still cold. Disks that are silent now are left out.
SELECT
  challenger,
  champion_tier,
  challenger_tier,
  CASE
    WHEN champion_acts AND challenger_acts THEN 'both would act'
    WHEN champion_acts THEN 'only the champion would act'
    WHEN challenger_acts THEN 'only the challenger would act'
    ELSE 'neither would act'
  END AS who_would_act,
  COUNT(*) AS disks,
  ROUND(AVG(champion_score), 1) AS mean_champion_score,
  ROUND(AVG(challenger_score), 1) AS mean_challenger_score,
  ROUND(AVG(trust_ratio), 2) AS trust_ratio
FROM (
  SELECT
    l.modes[1].model || ' ' || CAST(l.modes[1].modelVersion AS STRING) AS challenger,
    r.tier AS champion_tier,
    l.tier AS challenger_tier,
    r.tier IN ('WARNING', 'CRITICAL') AS champion_acts,
    l.tier IN ('WARNING', 'CRITICAL') AS challenger_acts,
    r.score AS champion_score,
    l.score AS challenger_score,
    CASE WHEN r.confidence > 0 THEN l.confidence / r.confidence END AS trust_ratio
  FROM risk_now AS r
  JOIN (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY record_key ORDER BY record_offset DESC) AS age
    FROM risk_lane) AS l ON l.record_key = r.record_key AND l.age = 1 AND l.samples = r.samples
  WHERE NOT r.stale
    AND r.entity.kind = 'DISK'
    AND (l.modes[1].model <> r.modes[1].model OR l.modes[1].modelVersion <> r.modes[1].modelVersion))
GROUP BY challenger, champion_tier, challenger_tier, champion_acts, challenger_acts
ORDER BY challenger, champion_tier, challenger_tier
LIMIT 1000;
