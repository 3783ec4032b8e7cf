-- How far does each shadow follow its owner? The newest standing of each, the one furthest behind first.
-- --set volume=v-1 shows one volume only.
SELECT
  s.volume,
  s.unit,
  CONCAT(LOWER(s.shadow.kind), '/', s.shadow.id) AS shadow,
  CONCAT(LOWER(s.owner.kind), '/', s.owner.id) AS owner,
  s.state,
  s.lagRecords AS lag_records,
  s.lagBytes AS lag_bytes,
  s.lagMillis AS lag_millis,
  s.missingBytes AS missing_bytes,
  s.fetchBytesPerSecond AS fetch_bytes_per_second,
  s.epoch,
  s.streamSequence AS sent,
  s.appliedSequence AS applied,
  s.resyncs,
  s.verifiedRound AS verified_round,
  TO_TIMESTAMP_LTZ(s.verifiedMillis, 3) AS verified,
  s.divergences,
  s.text,
  s.event_time AS said
FROM shadows_now AS s
WHERE '${volume:-}' = '' OR s.volume = '${volume:-}'
ORDER BY lag_millis DESC, missing_bytes DESC, unit, shadow
LIMIT 1000;
