-- What did a failover do, and how long did each step take? Steps of the newest acts in the order in which they were
-- taken. --set admission=a-1 shows one act only.
SELECT
  admission,
  subject,
  step,
  state,
  since_begin_millis,
  summary,
  event_time AS happened
FROM (
  SELECT
    labels['admission'] AS admission,
    record_key AS subject,
    labels['step'] AS step,
    labels['state'] AS state,
    timeMillis - MIN(timeMillis) OVER (PARTITION BY labels['admission']) AS since_begin_millis,
    MIN(timeMillis) OVER (PARTITION BY labels['admission']) AS began_millis,
    ROW_NUMBER() OVER (PARTITION BY id ORDER BY record_offset DESC) AS age,
    record_offset,
    summary,
    event_time
  FROM events
  WHERE type = 'saga.step')
WHERE age = 1 AND ('${admission:-}' = '' OR admission = '${admission:-}')
ORDER BY began_millis DESC, admission, since_begin_millis, record_offset
LIMIT 1000;
