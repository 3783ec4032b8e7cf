-- What gave the units of a volume another owner, and what did its clients feel? One row for each act and volume, the
-- newest first: switchovers to a shadow, failovers, migrations. The pause is the longest that a client of the volume
-- told of from a minute before to a minute after. --set volume=v-1 shows one volume only.
SELECT
  t.took_over,
  t.volume,
  a.act,
  a.state,
  t.units,
  t.former,
  t.owner,
  MAX(p.pause_millis) AS pause_millis,
  t.admission,
  a.text
FROM (
  SELECT
    o.volume,
    o.admission,
    o.former,
    o.owner,
    COUNT(DISTINCT o.unit) AS units,
    MAX(o.record_time) AS took_over
  FROM (
    SELECT
      REGEXP_EXTRACT(u.unit, '^(.*)/[^/]*$', 1) AS volume,
      u.unit,
      o.admission.id AS admission,
      o.formerOwner.id AS former,
      o.owner.id AS owner,
      o.record_time,
      ROW_NUMBER() OVER (PARTITION BY u.unit, u.expectedEpoch ORDER BY o.record_offset) AS place
    FROM ownership AS o
    CROSS JOIN UNNEST(o.units) AS u (unit, expectedEpoch, newEpoch)
    WHERE o.kind = 'TAKEOVER') AS o
  WHERE o.place = 1
  GROUP BY o.volume, o.admission, o.former, o.owner) AS t
LEFT JOIN (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY pool, id ORDER BY revision DESC, record_offset DESC) AS age
  FROM admissions
  WHERE state <> 'STARTED') AS a ON a.id = t.admission AND a.age = 1
LEFT JOIN (
  SELECT
    REGEXP_EXTRACT(entity.id, '^(.*)@[^@]*$', 1) AS volume,
    CAST(`values`['pauseMillis'] AS BIGINT) AS pause_millis,
    record_time
  FROM events
  WHERE `type` = 'volume.paused') AS p
  ON p.volume = t.volume
  AND p.record_time BETWEEN t.took_over - INTERVAL '1' MINUTE AND t.took_over + INTERVAL '1' MINUTE
WHERE '${volume:-}' = '' OR t.volume = '${volume:-}'
GROUP BY t.took_over, t.volume, a.act, a.state, t.units, t.former, t.owner, t.admission, a.text
ORDER BY took_over DESC, volume
LIMIT 1000;
