-- Which shadows were verified when? Those that never were first, then those verified longest ago; with the ranges found
-- wrong by whose fault. verified_round is the last pass over the whole unit in which every digest agreed.
-- --set volume=v-1 shows one volume only.
SELECT
  s.volume,
  s.unit,
  CONCAT(LOWER(s.shadow.kind), '/', s.shadow.id) AS shadow,
  s.state,
  TO_TIMESTAMP_LTZ(s.verifiedMillis, 3) AS verified,
  TIMESTAMPDIFF(HOUR, TO_TIMESTAMP_LTZ(s.verifiedMillis, 3), CURRENT_TIMESTAMP) AS hours_ago,
  s.verifiedRound AS verified_round,
  s.divergences,
  COALESCE(e.its_own, 0) AS found_its_own,
  COALESCE(e.not_attributed, 0) AS found_not_attributed
FROM shadows_now AS s
LEFT JOIN (
  SELECT
    unit,
    holder,
    SUM(CASE WHEN attributed = 'stored-checksum' THEN 1 ELSE 0 END) AS its_own,
    SUM(CASE WHEN attributed = 'stored-checksum' THEN 0 ELSE 1 END) AS not_attributed
  FROM (
    SELECT
      labels['unit'] AS unit,
      entity.id AS holder,
      labels['attributed'] AS attributed,
      ROW_NUMBER() OVER (PARTITION BY id ORDER BY record_offset) AS place
    FROM events
    WHERE `type` = 'copy.diverged')
  WHERE place = 1
  GROUP BY unit, holder) AS e ON e.unit = s.unit AND e.holder = s.shadow.id
WHERE '${volume:-}' = '' OR s.volume = '${volume:-}'
ORDER BY verified NULLS FIRST, volume, unit, shadow
LIMIT 1000;
