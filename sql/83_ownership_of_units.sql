-- How did units change hands? The ownership log, the newest record first, one row for each unit of a record. Of several
-- records that replace the same epoch the first one counts, if what it stands on is valid; later ones are void.
-- --set unit=v-1/0 shows one unit only.
SELECT
  o.record_time AS appended,
  o.pool,
  o.record_offset AS log_offset,
  o.kind,
  u.unit,
  u.expectedEpoch AS epoch_before,
  u.newEpoch AS epoch_after,
  CONCAT(LOWER(o.owner.kind), '/', o.owner.id) AS owner,
  o.formerOwner.id AS former,
  o.incarnation,
  o.admission.id AS admission,
  ROW_NUMBER() OVER (
    PARTITION BY u.unit, u.expectedEpoch, CASE WHEN o.kind = 'RELEASE' THEN 1 ELSE 0 END
    ORDER BY o.record_offset) AS place
FROM ownership AS o
CROSS JOIN UNNEST(o.units) AS u (unit, expectedEpoch, newEpoch)
WHERE '${unit:-}' = '' OR u.unit = '${unit:-}'
ORDER BY appended DESC, log_offset DESC, unit
LIMIT 1000;
