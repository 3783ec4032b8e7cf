-- What is usual for one thing, signal by signal? --set entity=pair/vol-1@client-1 chooses it, by its key kind/id; without
-- it, the thing that is known best.
WITH chosen AS (
  SELECT *
  FROM baselines_now
  WHERE record_key = '${entity:-}' OR '${entity:-}' = ''
  ORDER BY samples DESC, record_key
  LIMIT 1
)
SELECT
  c.record_key AS entity,
  c.node,
  s.`signal`,
  s.level,
  s.spread,
  s.`last`,
  s.peerMedian AS peer_median,
  s.samples,
  c.event_time
FROM chosen AS c
CROSS JOIN UNNEST(c.signals) AS s (`signal`, samples, level, spread, `last`, peerMedian)
ORDER BY `signal`
LIMIT 1000;
