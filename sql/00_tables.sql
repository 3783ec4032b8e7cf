-- A table for every topic. Generated from topics.yaml and the Avro schemas; do not edit:
--   scripts/sql --tables > sql/00_tables.sql
-- scripts/sql defines these tables before it runs any other file.
--
-- ${bootstrap}  Kafka brokers
-- ${prefix}     first word of the topics
-- ${bounded}    latest-offset: a question reads what is there and ends; unbounded: it goes on (--follow)
--
-- record_key, record_partition, record_offset, record_time: the record's key and place in Kafka.
-- event_time: timeMillis as a timestamp.
-- A compacted topic is two things: the table of its name has every record that is still there, a tombstone as a
-- row in which all but the record_ columns is NULL; the view NAME_now has the newest record of each key and
-- leaves out what has ended.

-- One frame for each scrape of a node, with the samples of the node, its disks and its links; frames of clients, event processors and head nodes.
CREATE TABLE IF NOT EXISTS `telemetry` (
  `record_key` STRING COMMENT 'Key: node',
  `node` STRING COMMENT 'Identifier of the node that was scraped; no unit.',
  `timeMillis` BIGINT COMMENT 'When the samples were taken, by the node''s clock; milliseconds since 1970-01-01 UTC.',
  `sequence` BIGINT COMMENT 'Number of this frame since the node''s publisher started, from 0; a repeat has the same number; count.',
  `source` STRING COMMENT 'What produced the frame, for example drive-stats-csv, smartctl-json, change-log, node, simulated; no unit.',
  `samples` ARRAY<ROW<`entity` ROW<`kind` STRING, `id` STRING>, `model` STRING, `capacityBytes` BIGINT, `metrics` MAP<STRING, DOUBLE>>> COMMENT 'One entry for each entity, each entity at most once; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'One frame for each scrape of a node, with the samples of the node, its disks and its links; frames of clients, event processors and head nodes.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.telemetry.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'TelemetryFrame'
);

-- What stands where; a tombstone ends a subject everywhere.
CREATE TABLE IF NOT EXISTS `fleet` (
  `record_key` STRING COMMENT 'Key: kind/id',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'The node or disk described; no unit.',
  `timeMillis` BIGINT COMMENT 'When this description was true; milliseconds since 1970-01-01 UTC.',
  `node` STRING COMMENT 'Node that holds the disk; null for a node; no unit.',
  `rack` STRING COMMENT 'Rack; no unit.',
  `zone` STRING COMMENT 'Failure zone, such as a power domain or availability zone; no unit.',
  `region` STRING COMMENT 'Region; no unit.',
  `pool` STRING COMMENT 'Pool whose budget and placement rules the entity belongs to; no unit.',
  `tier` STRING COMMENT 'Storage tier, nvme, ssd or hdd, empty for a node of mixed tiers; no unit.',
  `model` STRING COMMENT 'Model name of the hardware, null when unknown; no unit.',
  `capacityBytes` BIGINT COMMENT 'Usable capacity, null when unknown; bytes.',
  `synthetic` BOOLEAN COMMENT 'True when node, rack and zone were made up because the source has none; no unit.',
  `labels` MAP<STRING, STRING> COMMENT 'Further labels of the operator; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'What stands where; a tombstone ends a subject everywhere.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.fleet.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'FleetEntry',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `fleet_now` AS
SELECT `record_key`, `entity`, `timeMillis`, `node`, `rack`, `zone`, `region`, `pool`, `tier`, `model`, `capacityBytes`, `synthetic`, `labels`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `fleet`)
WHERE `age` = 1 AND `entity` IS NOT NULL;

-- What happened, as observed.
CREATE TABLE IF NOT EXISTS `events` (
  `record_key` STRING COMMENT 'Key: kind/id',
  `id` STRING COMMENT 'Identifier; the same when the same event is written again; no unit.',
  `type` STRING COMMENT 'Type in dotted words, for example disk.failed or volume.latency.high; no unit.',
  `severity` STRING COMMENT 'How bad it is; no unit.',
  `predicted` BOOLEAN COMMENT 'True when it is expected and has not happened; no unit.',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'What it happened to, or will; no unit.',
  `related` ARRAY<ROW<`kind` STRING, `id` STRING>> COMMENT 'Other things that it concerns, such as the node of a disk or the client of a volume; no unit.',
  `timeMillis` BIGINT COMMENT 'When it happened, or when the prediction was made; milliseconds since 1970-01-01 UTC.',
  `endMillis` BIGINT COMMENT 'When it was over; null while it goes on or when it has no length; milliseconds since 1970-01-01 UTC.',
  `confidence` DOUBLE COMMENT 'Trust in it, 0 none to 1 certain, 1 for what was observed; probability.',
  `horizonMillis` BIGINT COMMENT 'Time ahead within which a predicted event is expected, 0 for a real one; milliseconds.',
  `probability` DOUBLE COMMENT 'Probability that a predicted event happens within the horizon, 0 to 1, null for a real one; probability.',
  `mode` STRING COMMENT 'Failure mode that it speaks of; no unit.',
  `score` DOUBLE COMMENT 'Failure score of the entity at that time, 0 to 100, null when there is none; points.',
  `model` STRING COMMENT 'Identifier of the model that predicted it, null for a real one; no unit.',
  `modelVersion` INT COMMENT 'Version of that model, null for a real one; count.',
  `riskSamples` BIGINT COMMENT 'The count of samples in the Risk record that it stands on, null when there is none; count.',
  `source` STRING COMMENT 'Who wrote it: a node, an exporter or a job; no unit.',
  `summary` STRING COMMENT 'The event as a sentence for a person; no unit.',
  `values` MAP<STRING, DOUBLE> COMMENT 'What was measured, by canonical metric name, finite; unit of the metric.',
  `labels` MAP<STRING, STRING> COMMENT 'Further words of the source; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'What happened, as observed.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.events.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Event'
);

-- What is expected to happen, with confidence and horizon.
CREATE TABLE IF NOT EXISTS `events_predicted` (
  `record_key` STRING COMMENT 'Key: kind/id',
  `id` STRING COMMENT 'Identifier; the same when the same event is written again; no unit.',
  `type` STRING COMMENT 'Type in dotted words, for example disk.failed or volume.latency.high; no unit.',
  `severity` STRING COMMENT 'How bad it is; no unit.',
  `predicted` BOOLEAN COMMENT 'True when it is expected and has not happened; no unit.',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'What it happened to, or will; no unit.',
  `related` ARRAY<ROW<`kind` STRING, `id` STRING>> COMMENT 'Other things that it concerns, such as the node of a disk or the client of a volume; no unit.',
  `timeMillis` BIGINT COMMENT 'When it happened, or when the prediction was made; milliseconds since 1970-01-01 UTC.',
  `endMillis` BIGINT COMMENT 'When it was over; null while it goes on or when it has no length; milliseconds since 1970-01-01 UTC.',
  `confidence` DOUBLE COMMENT 'Trust in it, 0 none to 1 certain, 1 for what was observed; probability.',
  `horizonMillis` BIGINT COMMENT 'Time ahead within which a predicted event is expected, 0 for a real one; milliseconds.',
  `probability` DOUBLE COMMENT 'Probability that a predicted event happens within the horizon, 0 to 1, null for a real one; probability.',
  `mode` STRING COMMENT 'Failure mode that it speaks of; no unit.',
  `score` DOUBLE COMMENT 'Failure score of the entity at that time, 0 to 100, null when there is none; points.',
  `model` STRING COMMENT 'Identifier of the model that predicted it, null for a real one; no unit.',
  `modelVersion` INT COMMENT 'Version of that model, null for a real one; count.',
  `riskSamples` BIGINT COMMENT 'The count of samples in the Risk record that it stands on, null when there is none; count.',
  `source` STRING COMMENT 'Who wrote it: a node, an exporter or a job; no unit.',
  `summary` STRING COMMENT 'The event as a sentence for a person; no unit.',
  `values` MAP<STRING, DOUBLE> COMMENT 'What was measured, by canonical metric name, finite; unit of the metric.',
  `labels` MAP<STRING, STRING> COMMENT 'Further words of the source; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'What is expected to happen, with confidence and horizon.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.events.predicted.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Event'
);

-- The newest failure score of each entity with its reasons; the last 30 days of scores stay for charts.
CREATE TABLE IF NOT EXISTS `risk` (
  `record_key` STRING COMMENT 'Key: kind/id',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'What is at risk; no unit.',
  `node` STRING COMMENT 'Node that holds the entity, null for a node itself; no unit.',
  `timeMillis` BIGINT COMMENT 'Event time of the sample (or of the silence) this score stands on; milliseconds since 1970-01-01 UTC.',
  `samples` BIGINT COMMENT 'How many samples of this entity were scored so far; grows by one with each, repeats with a repeat; count.',
  `score` DOUBLE COMMENT 'Failure score, 0 healthy to 100 critical; points.',
  `tier` STRING COMMENT 'Tier after this sample; UNKNOWN while there is no score to trust; no unit.',
  `tierSinceMillis` BIGINT COMMENT 'Event time at which the entity entered its tier; milliseconds since 1970-01-01 UTC.',
  `probability` DOUBLE COMMENT 'Probability of failure within the horizon, 0 to 1; probability.',
  `horizonMillis` BIGINT COMMENT 'Length of the time ahead that the probability speaks of; milliseconds.',
  `confidence` DOUBLE COMMENT 'Trust in the probability, 0 none to 1 full; falls with missing metrics, few samples and stale data; ratio.',
  `stale` BOOLEAN COMMENT 'True when this record was made by silence and not by a sample; no unit.',
  `modes` ARRAY<ROW<`mode` STRING, `probability` DOUBLE, `horizonMillis` BIGINT, `model` STRING, `modelVersion` INT, `reasons` ARRAY<ROW<`metric` STRING, `value` DOUBLE, `contribution` DOUBLE, `text` STRING>>>> COMMENT 'One entry for each failure mode that was scored; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'The newest failure score of each entity with its reasons; the last 30 days of scores stay for charts.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.risk.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Risk',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `risk_now` AS
SELECT `record_key`, `entity`, `node`, `timeMillis`, `samples`, `score`, `tier`, `tierSinceMillis`, `probability`, `horizonMillis`, `confidence`, `stale`, `modes`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `risk`)
WHERE `age` = 1 AND `entity` IS NOT NULL;

-- What a challenger (or the second implementation) says of the same samples, for comparison with the topic risk; nothing is done because of it.
CREATE TABLE IF NOT EXISTS `risk_lane` (
  `record_key` STRING COMMENT 'Key: kind/id',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'What is at risk; no unit.',
  `node` STRING COMMENT 'Node that holds the entity, null for a node itself; no unit.',
  `timeMillis` BIGINT COMMENT 'Event time of the sample (or of the silence) this score stands on; milliseconds since 1970-01-01 UTC.',
  `samples` BIGINT COMMENT 'How many samples of this entity were scored so far; grows by one with each, repeats with a repeat; count.',
  `score` DOUBLE COMMENT 'Failure score, 0 healthy to 100 critical; points.',
  `tier` STRING COMMENT 'Tier after this sample; UNKNOWN while there is no score to trust; no unit.',
  `tierSinceMillis` BIGINT COMMENT 'Event time at which the entity entered its tier; milliseconds since 1970-01-01 UTC.',
  `probability` DOUBLE COMMENT 'Probability of failure within the horizon, 0 to 1; probability.',
  `horizonMillis` BIGINT COMMENT 'Length of the time ahead that the probability speaks of; milliseconds.',
  `confidence` DOUBLE COMMENT 'Trust in the probability, 0 none to 1 full; falls with missing metrics, few samples and stale data; ratio.',
  `stale` BOOLEAN COMMENT 'True when this record was made by silence and not by a sample; no unit.',
  `modes` ARRAY<ROW<`mode` STRING, `probability` DOUBLE, `horizonMillis` BIGINT, `model` STRING, `modelVersion` INT, `reasons` ARRAY<ROW<`metric` STRING, `value` DOUBLE, `contribution` DOUBLE, `text` STRING>>>> COMMENT 'One entry for each failure mode that was scored; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'What a challenger (or the second implementation) says of the same samples, for comparison with the topic risk; nothing is done because of it.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.risk.lane.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Risk'
);

-- Signals that behave unusually, when they begin, get worse and end.
CREATE TABLE IF NOT EXISTS `anomalies` (
  `record_key` STRING COMMENT 'Key: kind/id',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'What behaves unusually; no unit.',
  `node` STRING COMMENT 'Node that holds the entity, null for a node itself; no unit.',
  `timeMillis` BIGINT COMMENT 'Event time of the sample; milliseconds since 1970-01-01 UTC.',
  `sinceMillis` BIGINT COMMENT 'Event time at which it began; with entity and signal it names the anomaly; milliseconds since 1970-01-01 UTC.',
  `ended` BOOLEAN COMMENT 'True when the signal is back to usual; no unit.',
  `signal` STRING COMMENT 'Name of the signal, its unit last; no unit.',
  `value` DOUBLE COMMENT 'Value of the signal; unit of the signal.',
  `expected` DOUBLE COMMENT 'What its history or its peers let expect; unit of the signal.',
  `spread` DOUBLE COMMENT 'Usual distance from what is expected; unit of the signal.',
  `score` DOUBLE COMMENT 'Anomaly score, 0 usual to 1 certain; ratio.',
  `worse` BOOLEAN COMMENT 'True when the deviation is to the bad side; no unit.',
  `byPeers` BOOLEAN COMMENT 'True when peers of the same window say so, false when its own history does; no unit.',
  `text` STRING COMMENT 'The anomaly as a sentence for a person; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'Signals that behave unusually, when they begin, get worse and end.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.anomalies.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'AnomalyRecord'
);

-- What is usual for each thing and for each pair of volume and client; a tombstone ends one.
CREATE TABLE IF NOT EXISTS `baselines` (
  `record_key` STRING COMMENT 'Key: kind/id',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'What it describes; no unit.',
  `node` STRING COMMENT 'Node that holds the entity, null for a node itself or when there is none; no unit.',
  `timeMillis` BIGINT COMMENT 'Event time of the newest sample in it; milliseconds since 1970-01-01 UTC.',
  `samples` BIGINT COMMENT 'Samples of the entity so far; count.',
  `signals` ARRAY<ROW<`signal` STRING, `samples` BIGINT, `level` DOUBLE, `spread` DOUBLE, `last` DOUBLE, `peerMedian` DOUBLE>> COMMENT 'One entry for each signal that is known; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'What is usual for each thing and for each pair of volume and client; a tombstone ends one.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.baselines.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'BaselineRecord',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `baselines_now` AS
SELECT `record_key`, `entity`, `node`, `timeMillis`, `samples`, `signals`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `baselines`)
WHERE `age` = 1 AND `entity` IS NOT NULL;

-- Trained models with their cards, and who published, promoted or withdrew each; a tombstone retires one.
CREATE TABLE IF NOT EXISTS `models` (
  `record_key` STRING COMMENT 'Key: mode/id/version',
  `id` STRING COMMENT 'Identifier of the model family, for example disk-lstm; no unit.',
  `version` INT COMMENT 'Version within the family, growing; count.',
  `mode` STRING COMMENT 'Failure mode that it scores; no unit.',
  `publishedMillis` BIGINT COMMENT 'When it was published; milliseconds since 1970-01-01 UTC.',
  `effectiveFromMillis` BIGINT COMMENT 'Event time from which it is champion, 9223372036854775807 for never: it only advises; before that it is only warmed; milliseconds since 1970-01-01 UTC.',
  `rollbackUntilMillis` BIGINT COMMENT 'Event time until which the former champion is kept warm for a rollback; milliseconds since 1970-01-01 UTC.',
  `format` STRING COMMENT 'Format of the bytes, for example forestall-lstm-1; no unit.',
  `weights` BYTES COMMENT 'The model file; bytes.',
  `card` STRING COMMENT 'Model card: what it was trained on, when, how good, what it cannot see; Markdown.',
  `author` STRING COMMENT 'Who published, promoted or withdrew it last: a job or an operator; since v2; no unit.',
  `reason` STRING COMMENT 'Why that was done, a sentence; since v2; no unit.',
  `changedMillis` BIGINT COMMENT 'When that was done, 0 when nobody noted it; since v2; milliseconds since 1970-01-01 UTC.',
  `withdrawn` BOOLEAN COMMENT 'True when it was taken back: it neither scores nor is warmed, and the champion before it scores again; since v2; no unit.',
  `demoted` STRING COMMENT 'Why its predictions only advise and are not acted on, empty while they count; since v2; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) COMMENT 'Trained models with their cards, and who published, promoted or withdrew each; a tombstone retires one.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.models.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'ModelRecord',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `models_now` AS
SELECT `record_key`, `id`, `version`, `mode`, `publishedMillis`, `effectiveFromMillis`, `rollbackUntilMillis`, `format`, `weights`, `card`, `author`, `reason`, `changedMillis`, `withdrawn`, `demoted`, `record_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `models`)
WHERE `age` = 1 AND `id` IS NOT NULL;

-- Each retraining with its verdict, champion against challenger, and how far the fleet has drifted.
CREATE TABLE IF NOT EXISTS `models_trials` (
  `record_key` STRING COMMENT 'Key: mode',
  `id` STRING COMMENT 'Identifier, mode and time; the same when the same trial is written again; no unit.',
  `mode` STRING COMMENT 'Failure mode that is scored; no unit.',
  `timeMillis` BIGINT COMMENT 'Event time of the trial: nothing later was known; milliseconds since 1970-01-01 UTC.',
  `verdict` STRING COMMENT 'How it ended; a champion changes with ACCEPTED alone; no unit.',
  `reasons` ARRAY<STRING> COMMENT 'Why the challenger was not taken, empty when it was; no unit.',
  `text` STRING COMMENT 'The trial in a sentence or two for a person; no unit.',
  `challengerId` STRING COMMENT 'Identifier of the challenger, null when none was trained; no unit.',
  `challengerVersion` INT COMMENT 'Version of the challenger, null when none was trained; count.',
  `championId` STRING COMMENT 'Identifier of the champion, null when the count of error counters above zero stood in for one; no unit.',
  `championVersion` INT COMMENT 'Version of the champion, null as above; count.',
  `effectiveFromMillis` BIGINT COMMENT 'Event time from which the challenger is champion, null when it is not; milliseconds since 1970-01-01 UTC.',
  `horizonMillis` BIGINT COMMENT 'Time ahead within which a failure is looked for; milliseconds.',
  `trainedUntilMillis` BIGINT COMMENT 'End of the last day that trained, null when nothing was trained; milliseconds since 1970-01-01 UTC.',
  `testFromMillis` BIGINT COMMENT 'Begin of the first day that judged, null when nothing was judged; milliseconds since 1970-01-01 UTC.',
  `testUntilMillis` BIGINT COMMENT 'End of the last day that judged, null when nothing was judged; milliseconds since 1970-01-01 UTC.',
  `trainingDisks` INT COMMENT 'Disks to train on; count.',
  `trainingFailures` INT COMMENT 'Of these, disks that failed; count.',
  `heldOutDisks` INT COMMENT 'Disks that never train and judge; count.',
  `heldOutFailures` INT COMMENT 'Of these, disks that failed; count.',
  `maskedFailures` INT COMMENT 'Failures that were not believed, because too much of the fleet failed at once; count.',
  `testFailures` INT COMMENT 'Failing disks that recall counts; count.',
  `healthyWeeks` INT COMMENT 'Weeks of healthy disks that set the thresholds; count.',
  `testDays` BIGINT COMMENT 'Days with a known label that were judged; count.',
  `budget` DOUBLE COMMENT 'Share of the weeks of healthy disks that may hold an alarm; ratio.',
  `challenger` ROW<`recall` DOUBLE, `threshold` DOUBLE, `expected` DOUBLE, `observed` DOUBLE, `observedOverExpected` DOUBLE, `observedOverExpectedSince` DOUBLE> COMMENT 'Figures of the challenger, null when nothing was judged; no unit.',
  `champion` ROW<`recall` DOUBLE, `threshold` DOUBLE, `expected` DOUBLE, `observed` DOUBLE, `observedOverExpected` DOUBLE, `observedOverExpectedSince` DOUBLE> COMMENT 'Figures of the champion on the same disks and days, null when nothing was judged; no unit.',
  `difference` DOUBLE COMMENT 'Recall of the challenger less that of the champion, null when it cannot be told; ratio.',
  `differenceLowest` DOUBLE COMMENT '5 % of the draws of disks gave less than this; ratio.',
  `differenceHighest` DOUBLE COMMENT '5 % of the draws of disks gave more than this; ratio.',
  `sureness` DOUBLE COMMENT 'Share of the draws in which the challenger found more; ratio.',
  `recalibrationNats` DOUBLE COMMENT 'By how much the champion''s log-odds were moved, because failures came more or less often than it expected; null when they were left; nats.',
  `recalibratedVersion` INT COMMENT 'Version under which the champion was published so, null as above; count.',
  `drift` MAP<STRING, DOUBLE> COMMENT 'Population stability index of what healthy disks report, by canonical metric name, against the last accepted trial (or the first): under 0.1 alike, above 0.25 another fleet; no unit.',
  `seed` BIGINT COMMENT 'Seed of training and draws; no unit.',
  `trainingMillis` BIGINT COMMENT 'Wall-clock time that training and judging took; milliseconds.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'Each retraining with its verdict, champion against challenger, and how far the fleet has drifted.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.models.trials.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'ModelTrial'
);

-- How each version of a model keeps its word, what it foretold joined with what happened.
CREATE TABLE IF NOT EXISTS `models_tallies` (
  `record_key` STRING COMMENT 'Key: mode/id/version',
  `id` STRING COMMENT 'Identifier of the model family; no unit.',
  `version` INT COMMENT 'Version within the family; count.',
  `mode` STRING COMMENT 'Failure mode that it scores; no unit.',
  `timeMillis` BIGINT COMMENT 'Event time until which alarms are judged; milliseconds since 1970-01-01 UTC.',
  `judged` DOUBLE COMMENT 'Alarms whose horizon has passed or whose thing has failed; 200 further ones make one count half; count.',
  `cameTrue` DOUBLE COMMENT 'Of these, those that failed within the horizon; count.',
  `promised` DOUBLE COMMENT 'Mean probability that the model gave them, 0 to 1; ratio.',
  `share` DOUBLE COMMENT 'Share that came true, 0 to 1; ratio.',
  `lowest` DOUBLE COMMENT 'Lower end of the 95 % interval of that share, 0 to 1; ratio.',
  `highest` DOUBLE COMMENT 'Upper end of it, 0 to 1; ratio.',
  `demoted` BOOLEAN COMMENT 'True while even the upper end is below half of what it promised: its predictions only advise; no unit.',
  `text` STRING COMMENT 'The same as a sentence for a person; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'How each version of a model keeps its word, what it foretold joined with what happened.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.models.tallies.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'ModelTally',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `models_tallies_now` AS
SELECT `record_key`, `id`, `version`, `mode`, `timeMillis`, `judged`, `cameTrue`, `promised`, `share`, `lowest`, `highest`, `demoted`, `text`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `models_tallies`)
WHERE `age` = 1 AND `id` IS NOT NULL;

-- Writer schemas by fingerprint, so that readers understand newer writers; never ended.
CREATE TABLE IF NOT EXISTS `schemas` (
  `record_key` STRING COMMENT 'Key: fingerprint',
  `fingerprint` BIGINT COMMENT 'CRC-64-AVRO of the parsing canonical form, as it stands in the header of each record; no unit.',
  `record` STRING COMMENT 'Full name of the record that the schema describes; no unit.',
  `json` STRING COMMENT 'The schema as JSON; no unit.',
  `writer` STRING COMMENT 'Program and version that published it; no unit.',
  `timeMillis` BIGINT COMMENT 'When it was published; milliseconds since 1970-01-01 UTC.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'Writer schemas by fingerprint, so that readers understand newer writers; never ended.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.schemas.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'SchemaRecord',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `schemas_now` AS
SELECT `record_key`, `fingerprint`, `record`, `json`, `writer`, `timeMillis`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `schemas`)
WHERE `age` = 1 AND `fingerprint` IS NOT NULL;

-- What could not be taken in, with origin, offset and reason.
CREATE TABLE IF NOT EXISTS `dead_letters` (
  `record_key` STRING COMMENT 'Key: origin',
  `origin` STRING COMMENT 'Topic or file that it came from; no unit.',
  `partition` INT COMMENT 'Partition of the topic, -1 for a file; count.',
  `offset` BIGINT COMMENT 'Offset in the topic, or line of the file counted from 1; count.',
  `index` INT COMMENT 'Position of the sample within its frame, -1 when the whole record is meant; count.',
  `samples` INT COMMENT 'How many samples are lost with it: 1 for one sample or line, the size of the frame for a whole frame that could still be counted, else 1; count.',
  `timeMillis` BIGINT COMMENT 'Event time of the record when it could be read and believed, else the time of the topic''s record; milliseconds since 1970-01-01 UTC.',
  `reason` STRING COMMENT 'Reason as a code; no unit.',
  `detail` STRING COMMENT 'The reason as a sentence: what, where, what to do; no unit.',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'The entity concerned, null when it could not be read; no unit.',
  `payload` BYTES COMMENT 'The first bytes of what was refused, at most 4096; bytes.',
  `component` STRING COMMENT 'Job or command that refused it; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'What could not be taken in, with origin, offset and reason.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.dead-letters.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'DeadLetter'
);

-- Predictive failure zones; a tombstone ends one.
CREATE TABLE IF NOT EXISTS `zones` (
  `record_key` STRING COMMENT 'Key: zone id',
  `id` STRING COMMENT 'Identifier, kept while the zone grows and shrinks; no unit.',
  `revision` BIGINT COMMENT 'Grows by one with each record of this zone; count.',
  `state` STRING COMMENT 'Where it stands; no unit.',
  `members` ARRAY<ROW<`entity` ROW<`kind` STRING, `id` STRING>, `probability` DOUBLE, `sinceMillis` BIGINT>> COMMENT 'Its members; no unit.',
  `pool` STRING COMMENT 'Pool of the members, null when they are of several; no unit.',
  `region` STRING COMMENT 'Region of the members, null when they are of several; no unit.',
  `probability` DOUBLE COMMENT 'Probability that at least one member fails within the horizon, 0 to 1; probability.',
  `expectedFailures` DOUBLE COMMENT 'Failures expected within the horizon; count.',
  `horizonMillis` BIGINT COMMENT 'Time ahead that the probabilities speak of; milliseconds.',
  `confidence` DOUBLE COMMENT 'Trust in the zone, 0 to 1; probability.',
  `shared` MAP<STRING, STRING> COMMENT 'What the members have in common, for example rack or firmware; no unit.',
  `reason` STRING COMMENT 'Why they are a zone, as a sentence; no unit.',
  `sinceMillis` BIGINT COMMENT 'When the zone was first seen; milliseconds since 1970-01-01 UTC.',
  `timeMillis` BIGINT COMMENT 'Time of the samples that this record stands on; milliseconds since 1970-01-01 UTC.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'Predictive failure zones; a tombstone ends one.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.zones.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Zone',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `zones_now` AS
SELECT `record_key`, `id`, `revision`, `state`, `members`, `pool`, `region`, `probability`, `expectedFailures`, `horizonMillis`, `confidence`, `shared`, `reason`, `sinceMillis`, `timeMillis`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `zones`)
WHERE `age` = 1 AND `id` IS NOT NULL;

-- Combined events, opened, updated and resolved, with the ids of their originals.
CREATE TABLE IF NOT EXISTS `incidents` (
  `record_key` STRING COMMENT 'Key: incident id',
  `id` STRING COMMENT 'Identifier; the same when the same events are replayed; no unit.',
  `revision` INT COMMENT 'Grows by one with each record of this incident, from 1; count.',
  `state` STRING COMMENT 'Where it stands; no unit.',
  `severity` STRING COMMENT 'Highest severity of its events; no unit.',
  `summary` STRING COMMENT 'The incident in one or two sentences for a person; no unit.',
  `subject` ROW<`kind` STRING, `id` STRING> COMMENT 'What it is about: the most likely cause, or the correlation key when none stands out; no unit.',
  `pool` STRING COMMENT 'Pool of the subject, null when it has none; no unit.',
  `predicted` BOOLEAN COMMENT 'True while none of its events has happened yet; no unit.',
  `confidence` DOUBLE COMMENT 'Trust in the incident, 0 to 1; probability.',
  `horizonMillis` BIGINT COMMENT 'Shortest horizon of its predicted events, 0 when there is none; milliseconds.',
  `recommendation` STRING COMMENT 'The one act that is recommended; no unit.',
  `recommendationReason` STRING COMMENT 'Why this act, as a sentence; no unit.',
  `rule` STRING COMMENT 'Rule that joined the events; no unit.',
  `ruleVersion` INT COMMENT 'Version of that rule; count.',
  `correlationKey` STRING COMMENT 'Key by which the events were joined, such as node/n-0001; no unit.',
  `suspects` ARRAY<ROW<`entity` ROW<`kind` STRING, `id` STRING>, `weight` DOUBLE, `text` STRING>> COMMENT 'Possible causes, the likeliest first; no unit.',
  `affected` ARRAY<ROW<`kind` STRING, `id` STRING>> COMMENT 'Everything that its events speak of; no unit.',
  `events` ARRAY<ROW<`id` STRING, `type` STRING, `entity` ROW<`kind` STRING, `id` STRING>, `timeMillis` BIGINT, `predicted` BOOLEAN>> COMMENT 'The originals, oldest first, at most 1000; no unit.',
  `eventCount` BIGINT COMMENT 'How many originals there are, also those not listed; count.',
  `openedMillis` BIGINT COMMENT 'Time of its first event; milliseconds since 1970-01-01 UTC.',
  `updatedMillis` BIGINT COMMENT 'Time of its newest event; milliseconds since 1970-01-01 UTC.',
  `resolvedMillis` BIGINT COMMENT 'When it was resolved, null while it is open; milliseconds since 1970-01-01 UTC.',
  `inhibitedBy` STRING COMMENT 'Identifier of the larger incident that swallows it, null when none does; no unit.',
  `labels` MAP<STRING, STRING> COMMENT 'Further words of the rule; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) COMMENT 'Combined events, opened, updated and resolved, with the ids of their originals.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.incidents.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Incident'
);

-- Acts that a decider would like; each ends as an admission or a refusal.
CREATE TABLE IF NOT EXISTS `proposals` (
  `record_key` STRING COMMENT 'Key: subject kind/id',
  `id` STRING COMMENT 'Identifier, the same for the same inputs; no unit.',
  `act` STRING COMMENT 'What is to be done; no unit.',
  `subject` ROW<`kind` STRING, `id` STRING> COMMENT 'What it is to be done for; no unit.',
  `pool` STRING COMMENT 'Pool whose budget it would use; no unit.',
  `zone` STRING COMMENT 'Failure zone of the subject, null when it has none; no unit.',
  `units` ARRAY<ROW<`unit` STRING, `expectedEpoch` BIGINT, `newEpoch` BIGINT>> COMMENT 'Units that would change their owner, empty when none would; no unit.',
  `source` ROW<`kind` STRING, `id` STRING> COMMENT 'From where, null when nothing moves; no unit.',
  `target` ROW<`kind` STRING, `id` STRING> COMMENT 'To where, null when nothing moves or no target was found; no unit.',
  `candidates` ARRAY<ROW<`entity` ROW<`kind` STRING, `id` STRING>, `score` DOUBLE, `refusal` STRING, `text` STRING>> COMMENT 'Targets that were looked at, best first, with the refused ones, at most 100; no unit.',
  `decider` STRING COMMENT 'Decider that proposes it; no unit.',
  `reason` STRING COMMENT 'Why, as a sentence for a person; no unit.',
  `inputs` ARRAY<ROW<`name` STRING, `value` DOUBLE, `text` STRING>> COMMENT 'What it was made from; no unit.',
  `incident` STRING COMMENT 'Identifier of the incident behind it, null when there is none; no unit.',
  `rule` STRING COMMENT 'Rule behind it, null when there is none; no unit.',
  `ruleVersion` INT COMMENT 'Version of the rule, null when there is none; count.',
  `model` STRING COMMENT 'Identifier of the model behind it, null when there is none; no unit.',
  `modelVersion` INT COMMENT 'Version of the model, null when there is none; count.',
  `probability` DOUBLE COMMENT 'Probability of the failure it forestalls, 0 to 1; probability.',
  `horizonMillis` BIGINT COMMENT 'Time ahead that the probability speaks of; milliseconds.',
  `confidence` DOUBLE COMMENT 'Trust in the probability, 0 to 1; probability.',
  `costBytes` BIGINT COMMENT 'Bytes that must be copied or drained; bytes.',
  `expectedPauseMillis` BIGINT COMMENT 'Pause that clients are expected to see; milliseconds.',
  `priority` INT COMMENT 'Order among proposals of one pool, larger is sooner; no unit.',
  `timeMillis` BIGINT COMMENT 'When it was proposed; milliseconds since 1970-01-01 UTC.',
  `expiresMillis` BIGINT COMMENT 'After this it is void; milliseconds since 1970-01-01 UTC.',
  `lane` STRING COMMENT 'live, or the name of the advise lane that only shows what it would do; no unit.',
  `parameters` MAP<STRING, STRING> COMMENT 'Parameters of the act; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'Acts that a decider would like; each ends as an admission or a refusal.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.proposals.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Proposal'
);

-- Signed permissions for whole acts; the memory of the guard after a restore.
CREATE TABLE IF NOT EXISTS `admissions` (
  `record_key` STRING COMMENT 'Key: pool',
  `id` STRING COMMENT 'Identifier, equal to that in the grant; no unit.',
  `revision` INT COMMENT '1 when given, growing with each later state; count.',
  `state` STRING COMMENT 'Where the act stands; no unit.',
  `act` STRING COMMENT 'What may be done; no unit.',
  `subject` ROW<`kind` STRING, `id` STRING> COMMENT 'What it is done for; no unit.',
  `pool` STRING COMMENT 'Pool whose budget it uses; no unit.',
  `zone` STRING COMMENT 'Failure zone whose budget it uses, null when it has none; no unit.',
  `budget` ARRAY<ROW<`scope` STRING, `amount` DOUBLE, `left` DOUBLE>> COMMENT 'What it takes from each budget; no unit.',
  `timeMillis` BIGINT COMMENT 'When this record was written; milliseconds since 1970-01-01 UTC.',
  `text` STRING COMMENT 'The state as a sentence for a person; no unit.',
  `algorithm` STRING COMMENT 'Algorithm of the signature, Ed25519; no unit.',
  `keyId` STRING COMMENT 'Which public key the signature belongs to; no unit.',
  `signature` BYTES COMMENT 'Signature over the bytes of the grant, 64 bytes; bytes.',
  `grant` BYTES COMMENT 'An AdmissionGrant in single-object encoding, exactly the bytes that were signed; bytes.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'Signed permissions for whole acts; the memory of the guard after a restore.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.admissions.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Admission'
);

-- The log that says who owns which unit since which epoch; the first record with the right expected epoch wins. Never compacted.
CREATE TABLE IF NOT EXISTS `ownership` (
  `record_key` STRING COMMENT 'Key: pool',
  `pool` STRING COMMENT 'Pool of the units; no unit.',
  `kind` STRING COMMENT 'Why it is written; no unit.',
  `units` ARRAY<ROW<`unit` STRING, `expectedEpoch` BIGINT, `newEpoch` BIGINT>> COMMENT 'Units with the epoch that is replaced and the new one; many may stand in one record; no unit.',
  `owner` ROW<`kind` STRING, `id` STRING> COMMENT 'Owner from the new epoch on; no unit.',
  `formerOwner` ROW<`kind` STRING, `id` STRING> COMMENT 'Owner of the expected epoch, null for the first; no unit.',
  `admission` ROW<`id` STRING, `revision` INT, `state` STRING, `act` STRING, `subject` ROW<`kind` STRING, `id` STRING>, `pool` STRING, `zone` STRING, `budget` ARRAY<ROW<`scope` STRING, `amount` DOUBLE, `left` DOUBLE>>, `timeMillis` BIGINT, `text` STRING, `algorithm` STRING, `keyId` STRING, `signature` BYTES, `grant` BYTES> COMMENT 'The admission it stands on, null for START, RELEASE and the first owner; no unit.',
  `writeMode` STRING COMMENT 'When writes are acknowledged from the new epoch on; no unit.',
  `asyncBoundMillis` BIGINT COMMENT 'Longest time that an acknowledged write may be missing from the log in asynchronous mode, null in synchronous mode; milliseconds.',
  `incarnation` BIGINT COMMENT 'Number of the start of the writer''s process, growing; count.',
  `timeMillis` BIGINT COMMENT 'When it was written, by the writer''s clock; never decides anything; milliseconds since 1970-01-01 UTC.',
  `writer` STRING COMMENT 'Node that appended it; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'The log that says who owns which unit since which epoch; the first record with the right expected epoch wins. Never compacted.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.ownership.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Ownership'
);

-- What an addressee must do, under which admission, and until when.
CREATE TABLE IF NOT EXISTS `commands` (
  `record_key` STRING COMMENT 'Key: addressee kind/id',
  `id` STRING COMMENT 'Identifier, derived from admission, step and attempt; a repeat has the same; no unit.',
  `kind` STRING COMMENT 'What must be done; no unit.',
  `addressee` ROW<`kind` STRING, `id` STRING> COMMENT 'Who must do it; no unit.',
  `subject` ROW<`kind` STRING, `id` STRING> COMMENT 'What it is done for; acks carry it as their key; no unit.',
  `admission` ROW<`id` STRING, `revision` INT, `state` STRING, `act` STRING, `subject` ROW<`kind` STRING, `id` STRING>, `pool` STRING, `zone` STRING, `budget` ARRAY<ROW<`scope` STRING, `amount` DOUBLE, `left` DOUBLE>>, `timeMillis` BIGINT, `text` STRING, `algorithm` STRING, `keyId` STRING, `signature` BYTES, `grant` BYTES> COMMENT 'Admission it stands on, null for probes and what changes nothing; no unit.',
  `admissionId` STRING COMMENT 'Identifier of that admission, null when there is none; no unit.',
  `step` INT COMMENT 'Number of the step in the act, from 0; count.',
  `attempt` INT COMMENT 'Number of the attempt of the step, from 0; count.',
  `units` ARRAY<ROW<`unit` STRING, `expectedEpoch` BIGINT, `newEpoch` BIGINT>> COMMENT 'Units concerned with their epochs; no unit.',
  `target` ROW<`kind` STRING, `id` STRING> COMMENT 'The other side: target of a takeover, holder of a shadow; no unit.',
  `ranges` ARRAY<ROW<`offset` BIGINT, `length` BIGINT>> COMMENT 'Ranges to copy, verify or send again, empty for the whole; no unit.',
  `rateBytesPerSecond` BIGINT COMMENT 'Limit of the bandwidth, null for none; bytes per second.',
  `timeMillis` BIGINT COMMENT 'When it was given; milliseconds since 1970-01-01 UTC.',
  `notBeforeMillis` BIGINT COMMENT 'It must not be begun before; milliseconds since 1970-01-01 UTC.',
  `expiresMillis` BIGINT COMMENT 'It must not be begun after; milliseconds since 1970-01-01 UTC.',
  `credentialsRef` STRING COMMENT 'Reference to credentials, never the credentials; no unit.',
  `reason` STRING COMMENT 'Why, as a sentence for a person; no unit.',
  `parameters` MAP<STRING, STRING> COMMENT 'Parameters of the command; no unit.',
  `pool` STRING COMMENT 'Pool whose act this belongs to, so that readers need no look-up; null when written before this field existed; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'What an addressee must do, under which admission, and until when.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.commands.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Command'
);

-- What became of a command, and answers to probes.
CREATE TABLE IF NOT EXISTS `acks` (
  `record_key` STRING COMMENT 'Key: subject kind/id',
  `command` STRING COMMENT 'Identifier of the command; no unit.',
  `from` ROW<`kind` STRING, `id` STRING> COMMENT 'Who answers; no unit.',
  `subject` ROW<`kind` STRING, `id` STRING> COMMENT 'Subject of the command; no unit.',
  `status` STRING COMMENT 'What became of it; no unit.',
  `code` STRING COMMENT 'Why, NONE when it went well; no unit.',
  `text` STRING COMMENT 'The answer as a sentence for a person; no unit.',
  `duplicate` BOOLEAN COMMENT 'True when the command had been done before and only the answer is repeated; no unit.',
  `unit` STRING COMMENT 'Unit that the numbers speak of, null when they speak of none; no unit.',
  `epoch` BIGINT COMMENT 'Epoch of that unit as the answerer knows it; count.',
  `appliedSequence` BIGINT COMMENT 'Last delta of that unit that is applied and durable; count.',
  `checksum` INT COMMENT 'CRC-32C of the unit or range at that sequence, null when not asked; no unit.',
  `ownershipOffset` BIGINT COMMENT 'Offset up to which the answerer has read the ownership log; count.',
  `bytesDone` BIGINT COMMENT 'Bytes done so far; bytes.',
  `bytesTotal` BIGINT COMMENT 'Bytes to do; bytes.',
  `freeBytes` BIGINT COMMENT 'Free space of the answerer; bytes.',
  `values` MAP<STRING, DOUBLE> COMMENT 'Further measurements, finite; unit of each name.',
  `sequence` BIGINT COMMENT 'Number of this ack since the answerer''s process started; count.',
  `incarnation` BIGINT COMMENT 'Number of the start of the answerer''s process, growing; count.',
  `timeMillis` BIGINT COMMENT 'When it was written; milliseconds since 1970-01-01 UTC.',
  `pool` STRING COMMENT 'Pool whose act this belongs to, so that readers need no look-up; null when written before this field existed; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'What became of a command, and answers to probes.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.acks.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Ack'
);

-- The audit trail. How each proposal ended, with a code and every guard's result.
CREATE TABLE IF NOT EXISTS `decisions` (
  `record_key` STRING COMMENT 'Key: subject kind/id',
  `id` STRING COMMENT 'Identifier, derived from the proposal and the outcome; no unit.',
  `proposal` STRING COMMENT 'Identifier of the proposal; no unit.',
  `act` STRING COMMENT 'What was proposed; no unit.',
  `subject` ROW<`kind` STRING, `id` STRING> COMMENT 'What it was proposed for; no unit.',
  `pool` STRING COMMENT 'Pool of the subject; no unit.',
  `zone` STRING COMMENT 'Failure zone of the subject, null when it has none; no unit.',
  `target` ROW<`kind` STRING, `id` STRING> COMMENT 'Target that was proposed, null when there was none; no unit.',
  `outcome` STRING COMMENT 'How it ended; no unit.',
  `code` STRING COMMENT 'The reason as a code; no unit.',
  `text` STRING COMMENT 'The reason as a sentence for a person; no unit.',
  `guards` ARRAY<ROW<`guard` STRING, `passed` BOOLEAN, `code` STRING, `observed` DOUBLE, `limit` DOUBLE, `text` STRING>> COMMENT 'All guards in the order in which they were asked, also those behind the first refusal; no unit.',
  `lockOwner` STRING COMMENT 'Admission that holds a unit, when that is the reason, else null; no unit.',
  `admission` STRING COMMENT 'Identifier of the admission, null when there is none; no unit.',
  `incident` STRING COMMENT 'Identifier of the incident behind it, null when there is none; no unit.',
  `inputs` ARRAY<ROW<`name` STRING, `value` DOUBLE, `text` STRING>> COMMENT 'What it was made from; no unit.',
  `rule` STRING COMMENT 'Rule behind it, null when there is none; no unit.',
  `ruleVersion` INT COMMENT 'Version of the rule, null when there is none; count.',
  `model` STRING COMMENT 'Identifier of the model behind it, null when there is none; no unit.',
  `modelVersion` INT COMMENT 'Version of the model, null when there is none; count.',
  `policyVersion` BIGINT COMMENT 'Newest policy record that was in force; count.',
  `mode` STRING COMMENT 'Mode in force for this kind of act; no unit.',
  `approvedBy` STRING COMMENT 'Person or rule that approved it, null when nobody had to; no unit.',
  `lagMillis` BIGINT COMMENT 'How far the newest input was behind the decision; milliseconds.',
  `timeMillis` BIGINT COMMENT 'When it was decided; milliseconds since 1970-01-01 UTC.',
  `lane` STRING COMMENT 'live, or the name of the advise lane; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'The audit trail. How each proposal ended, with a code and every guard''s result.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.decisions.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Decision'
);

-- Checkpoints of the fold of the ownership log, one for each slice of a volume, with the offset they cover.
CREATE TABLE IF NOT EXISTS `maps` (
  `record_key` STRING COMMENT 'Key: volume/slice',
  `volume` STRING COMMENT 'Identifier of the volume; no unit.',
  `pool` STRING COMMENT 'Pool of the volume; no unit.',
  `slice` INT COMMENT 'Number of this slice, from 0; a slice holds at most 1024 segments; count.',
  `slices` INT COMMENT 'How many slices the volume has; count.',
  `version` BIGINT COMMENT 'Grows with each change of this slice; count.',
  `ownershipPartition` INT COMMENT 'Partition of the ownership log that was folded; count.',
  `ownershipOffset` BIGINT COMMENT 'First offset of that partition that is not folded in; count.',
  `volumeBytes` BIGINT COMMENT 'Size of the volume; bytes.',
  `segmentBytes` BIGINT COMMENT 'Size of a segment; bytes.',
  `blockBytes` INT COMMENT 'Size of a block, the unit of reading and writing; bytes.',
  `minReplicas` INT COMMENT 'Copies below which no act may go; count.',
  `segments` ARRAY<ROW<`unit` STRING, `index` INT, `owner` ROW<`kind` STRING, `id` STRING>, `epoch` BIGINT, `writeMode` STRING, `asyncBoundMillis` BIGINT, `copies` ARRAY<ROW<`node` ROW<`kind` STRING, `id` STRING>, `role` STRING, `state` STRING, `appliedSequence` BIGINT>>>> COMMENT 'Segments of this slice in order; no unit.',
  `degraded` BOOLEAN COMMENT 'True when the promise of durability is not kept at the moment; no unit.',
  `degradedReason` STRING COMMENT 'Why it is degraded, null when it is not; no unit.',
  `timeMillis` BIGINT COMMENT 'When the checkpoint was taken; milliseconds since 1970-01-01 UTC.',
  `otherRegion` BOOLEAN COMMENT 'True when the volume asks for a copy in another region than its owner''s; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'Checkpoints of the fold of the ownership log, one for each slice of a volume, with the offset they cover.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.maps.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'VolumeMap',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `maps_now` AS
SELECT `record_key`, `volume`, `pool`, `slice`, `slices`, `version`, `ownershipPartition`, `ownershipOffset`, `volumeBytes`, `segmentBytes`, `blockBytes`, `minReplicas`, `segments`, `degraded`, `degradedReason`, `timeMillis`, `otherRegion`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `maps`)
WHERE `age` = 1 AND `volume` IS NOT NULL;

-- Writes and epoch barriers of each unit, in order.
CREATE TABLE IF NOT EXISTS `deltas` (
  `record_key` STRING COMMENT 'Key: unit',
  `unit` STRING COMMENT 'Identifier of the unit; no unit.',
  `epoch` BIGINT COMMENT 'Epoch of the owner that writes; count.',
  `sequence` BIGINT COMMENT 'Number of the delta within the unit, growing by one across epochs, never used again; count.',
  `kind` STRING COMMENT 'What it does; no unit.',
  `offset` BIGINT COMMENT 'First byte within the unit, 0 for a barrier; bytes.',
  `length` BIGINT COMMENT 'Length of the extent, before compression; bytes.',
  `codec` STRING COMMENT 'How the payload is compressed; no unit.',
  `payload` BYTES COMMENT 'The data as encoded, empty for ZERO, TRIM and BARRIER; bytes.',
  `encodedCrc` INT COMMENT 'CRC-32C of the payload as it stands here; no unit.',
  `plainCrc` INT COMMENT 'CRC-32C of the data before compression; no unit.',
  `owner` STRING COMMENT 'Node that writes it; no unit.',
  `client` STRING COMMENT 'Client that asked for the write, null for a barrier; no unit.',
  `request` BIGINT COMMENT 'Number of the client''s request, by which a retry is known; count.',
  `deltaBatch` BIGINT COMMENT 'Number of the owner''s batch, deltas of one batch are durable together; count.',
  `timeMillis` BIGINT COMMENT 'When the owner took it in, by its clock; never decides anything; milliseconds since 1970-01-01 UTC.',
  `merged` ARRAY<ROW<`client` STRING, `request` BIGINT>> COMMENT 'Further requests that this delta settles: writes of one batch that it covers or continues; they happen with it or not at all; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'Writes and epoch barriers of each unit, in order.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.deltas.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'WriteDelta'
);

-- Deltas for one shadow of a unit, in sequence.
CREATE TABLE IF NOT EXISTS `shadow_apply` (
  `record_key` STRING COMMENT 'Key: shadow node/unit',
  `shadow` ROW<`kind` STRING, `id` STRING> COMMENT 'Node that applies it; no unit.',
  `unit` STRING COMMENT 'Identifier of the unit; no unit.',
  `epoch` BIGINT COMMENT 'Epoch of the delta; count.',
  `sequence` BIGINT COMMENT 'Sequence of the delta, for RESYNC the sequence that the ranges are as of; count.',
  `previousSequence` BIGINT COMMENT 'Sequence of the step before it in this stream, -1 for the first; of RESYNC, the sequence behind which its ranges are all that changed, -1 when they are the whole unit: who has not come so far does not go on; count.',
  `kind` STRING COMMENT 'What it does; no unit.',
  `offset` BIGINT COMMENT 'First byte within the unit, 0 for a barrier; bytes.',
  `length` BIGINT COMMENT 'Length of the extent, before compression; bytes.',
  `codec` STRING COMMENT 'How the payload is compressed; no unit.',
  `payload` BYTES COMMENT 'The data as encoded, empty for ZERO, TRIM and BARRIER; bytes.',
  `encodedCrc` INT COMMENT 'CRC-32C of the payload as it stands here; no unit.',
  `plainCrc` INT COMMENT 'CRC-32C of the data before compression; no unit.',
  `deltaPartition` INT COMMENT 'Partition of the delta, -1 for RESYNC; count.',
  `deltaOffset` BIGINT COMMENT 'Offset of the delta, -1 for RESYNC; count.',
  `timeMillis` BIGINT COMMENT 'When the owner took the write in; lag in seconds is counted from it; milliseconds since 1970-01-01 UTC.',
  `owner` STRING COMMENT 'Node that wrote the delta, empty for RESYNC; no unit.',
  `client` STRING COMMENT 'Client that asked for the write, null when none did; no unit.',
  `request` BIGINT COMMENT 'Number of the client''s request, null when there is none; count.',
  `merged` ARRAY<ROW<`client` STRING, `request` BIGINT>> COMMENT 'Further requests that the delta settles; no unit.',
  `deltaBatch` BIGINT COMMENT 'Number of the owner''s batch; count.',
  `ranges` ARRAY<ROW<`offset` BIGINT, `length` BIGINT>> COMMENT 'Of RESYNC, the ranges that the shadow fetches, ascending and apart, when they are several: offset and length then span them all; empty when offset and length are the one range; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'Deltas for one shadow of a unit, in sequence.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.shadow-apply.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'ShadowApply'
);

-- How far each shadow follows its owner, what it still lacks, and whether its bytes were found to agree; a tombstone ends one.
CREATE TABLE IF NOT EXISTS `shadows` (
  `record_key` STRING COMMENT 'Key: unit/shadow node',
  `unit` STRING COMMENT 'Identifier of the unit; no unit.',
  `volume` STRING COMMENT 'Volume of the unit; no unit.',
  `shadow` ROW<`kind` STRING, `id` STRING> COMMENT 'Node that holds the shadow; no unit.',
  `owner` ROW<`kind` STRING, `id` STRING> COMMENT 'Owner of the unit as the map has it; no unit.',
  `state` STRING COMMENT 'How complete the shadow is; no unit.',
  `epoch` BIGINT COMMENT 'Epoch of the last barrier that the job has read; count.',
  `streamSequence` BIGINT COMMENT 'Last sequence that was sent to the shadow; count.',
  `appliedSequence` BIGINT COMMENT 'Last sequence that the shadow said it has, -1 before it said any; count.',
  `lagRecords` BIGINT COMMENT 'Deltas sent that it has not said to have; count.',
  `lagBytes` BIGINT COMMENT 'Their payloads as they travel; bytes.',
  `lagMillis` BIGINT COMMENT 'Age of the oldest of them by the owner''s clock, 0 when there is none; milliseconds.',
  `missingBytes` BIGINT COMMENT 'Bytes that it has still to fetch; bytes.',
  `fetchBytesPerSecond` BIGINT COMMENT 'How fast it fetches, null when it fetches nothing; bytes per second.',
  `resyncs` BIGINT COMMENT 'How often its stream began anew or a range was sent again; count.',
  `verifiedRound` BIGINT COMMENT 'Last pass over the whole unit in which every digest agreed, 0 for none; count.',
  `verifiedMillis` BIGINT COMMENT 'When the last digest agreed, null when none did; milliseconds since 1970-01-01 UTC.',
  `divergences` BIGINT COMMENT 'Digests that did not agree; count.',
  `text` STRING COMMENT 'How it stands, as a sentence; no unit.',
  `timeMillis` BIGINT COMMENT 'When this was said; milliseconds since 1970-01-01 UTC.',
  `pool` STRING COMMENT 'Pool of the volume, empty when its writer did not know it; no unit.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'How far each shadow follows its owner, what it still lacks, and whether its bytes were found to agree; a tombstone ends one.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.shadows.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'ShadowStatus',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `shadows_now` AS
SELECT `record_key`, `unit`, `volume`, `shadow`, `owner`, `state`, `epoch`, `streamSequence`, `appliedSequence`, `lagRecords`, `lagBytes`, `lagMillis`, `missingBytes`, `fetchBytesPerSecond`, `resyncs`, `verifiedRound`, `verifiedMillis`, `divergences`, `text`, `timeMillis`, `pool`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `shadows`)
WHERE `age` = 1 AND `unit` IS NOT NULL;

-- Digests of ranges of a unit at a sequence, from owner and shadows.
CREATE TABLE IF NOT EXISTS `digests` (
  `record_key` STRING COMMENT 'Key: unit',
  `unit` STRING COMMENT 'Identifier of the unit; no unit.',
  `node` ROW<`kind` STRING, `id` STRING> COMMENT 'Who holds the bytes; no unit.',
  `owner` BOOLEAN COMMENT 'True when that is the owner; no unit.',
  `epoch` BIGINT COMMENT 'Epoch at which it was taken; count.',
  `sequence` BIGINT COMMENT 'Last delta that is in the bytes; digests are compared at equal sequences only; count.',
  `algorithm` STRING COMMENT 'Algorithm of the digests, for example crc32c or xxh3; no unit.',
  `ranges` ARRAY<ROW<`offset` BIGINT, `length` BIGINT, `digest` BYTES, `storedDigest` BYTES>> COMMENT 'The ranges; no unit.',
  `round` BIGINT COMMENT 'Number of the pass over the unit, growing; count.',
  `timeMillis` BIGINT COMMENT 'When it was taken; milliseconds since 1970-01-01 UTC.',
  `missingBytes` BIGINT COMMENT 'Bytes of the unit that the holder has still to fetch, 0 for a whole copy; bytes.',
  `needsResync` BOOLEAN COMMENT 'True when the stream for this shadow goes on behind a gap: it must begin anew with RESYNC; no unit.',
  `fetchBytesPerSecond` BIGINT COMMENT 'How fast it fetches at the moment, null when it fetches nothing; bytes per second.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'Digests of ranges of a unit at a sequence, from owner and shadows.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.digests.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Digest'
);

-- Epoch, version and whereabouts of the metadata of each partition.
CREATE TABLE IF NOT EXISTS `metadata_versions` (
  `record_key` STRING COMMENT 'Key: partition id',
  `partition` STRING COMMENT 'Identifier of the metadata partition; no unit.',
  `epoch` BIGINT COMMENT 'Epoch of the owning head; compared first; count.',
  `version` BIGINT COMMENT 'Version within the epoch; compared second; count.',
  `head` ROW<`kind` STRING, `id` STRING> COMMENT 'Head that owns it; no unit.',
  `replicas` ARRAY<ROW<`kind` STRING, `id` STRING>> COMMENT 'Nodes that hold the data the metadata speaks of; no unit.',
  `cached` ARRAY<ROW<`node` ROW<`kind` STRING, `id` STRING>, `epoch` BIGINT, `version` BIGINT, `timeMillis` BIGINT, `zone` STRING>> COMMENT 'Prefetched copies; no unit.',
  `sizeBytes` BIGINT COMMENT 'Size of the metadata; bytes.',
  `checksum` INT COMMENT 'CRC-32C of the metadata; no unit.',
  `timeMillis` BIGINT COMMENT 'When this version came to be; milliseconds since 1970-01-01 UTC.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'Epoch, version and whereabouts of the metadata of each partition.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.metadata-versions.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'MetadataVersion',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `metadata_versions_now` AS
SELECT `record_key`, `partition`, `epoch`, `version`, `head`, `replicas`, `cached`, `sizeBytes`, `checksum`, `timeMillis`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `metadata_versions`)
WHERE `age` = 1 AND `partition` IS NOT NULL;

-- Rules, thresholds, maintenance, approvals, overrides, pins, silences and halts, with author and expiry.
CREATE TABLE IF NOT EXISTS `policies` (
  `record_key` STRING COMMENT 'Key: scope/kind/id',
  `id` STRING COMMENT 'Identifier within its kind; no unit.',
  `kind` STRING COMMENT 'What it is; no unit.',
  `version` BIGINT COMMENT 'Grows with each change of this id; count.',
  `enabled` BOOLEAN COMMENT 'False switches it off without taking it back; no unit.',
  `scope` STRING COMMENT 'What it holds for: all, pool/<id>, zone/<id> or kind/id of an entity; no unit.',
  `entity` ROW<`kind` STRING, `id` STRING> COMMENT 'The entity of the scope, null when it is wider; no unit.',
  `act` STRING COMMENT 'Kind of act it holds for, UNKNOWN for all; no unit.',
  `proposal` STRING COMMENT 'Proposal that is approved, denied or cancelled, null when it names none; no unit.',
  `author` STRING COMMENT 'Who says so; no unit.',
  `reason` STRING COMMENT 'Why, as a sentence; no unit.',
  `timeMillis` BIGINT COMMENT 'When it was written; milliseconds since 1970-01-01 UTC.',
  `notBeforeMillis` BIGINT COMMENT 'It holds from then on; milliseconds since 1970-01-01 UTC.',
  `expiresMillis` BIGINT COMMENT 'It holds until then, null for without end; milliseconds since 1970-01-01 UTC.',
  `parameters` MAP<STRING, STRING> COMMENT 'Thresholds and other values by name; unit of each name.',
  `body` STRING COMMENT 'Rule as YAML, empty when there is none; no unit.',
  `keyId` STRING COMMENT 'Public key of the signature, null when unsigned; no unit.',
  `signature` BYTES COMMENT 'Ed25519 signature over the bytes of signed, null when unsigned; bytes.',
  `signed` BYTES COMMENT 'This record in single-object encoding with the last three fields null, exactly the bytes that were signed; nodes believe only these; bytes.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)
) COMMENT 'Rules, thresholds, maintenance, approvals, overrides, pins, silences and halts, with author and expiry.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.policies.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Policy',
  'value.forestall-avro.tombstones' = 'true'
);

CREATE VIEW IF NOT EXISTS `policies_now` AS
SELECT `record_key`, `id`, `kind`, `version`, `enabled`, `scope`, `entity`, `act`, `proposal`, `author`, `reason`, `timeMillis`, `notBeforeMillis`, `expiresMillis`, `parameters`, `body`, `keyId`, `signature`, `signed`, `record_time`, `event_time`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`
  FROM `policies`)
WHERE `age` = 1 AND `id` IS NOT NULL;

-- What later happened to each act and each prediction.
CREATE TABLE IF NOT EXISTS `outcomes` (
  `record_key` STRING COMMENT 'Key: subject kind/id',
  `id` STRING COMMENT 'Identifier, derived from what it judges; no unit.',
  `kind` STRING COMMENT 'What is judged; no unit.',
  `subject` ROW<`kind` STRING, `id` STRING> COMMENT 'Of what; no unit.',
  `verdict` STRING COMMENT 'How it came out; no unit.',
  `event` STRING COMMENT 'Predicted event that is judged, null when there is none; no unit.',
  `admission` STRING COMMENT 'Admission that is judged, null when there is none; no unit.',
  `decision` STRING COMMENT 'Decision behind it, null when there is none; no unit.',
  `act` STRING COMMENT 'What was done; no unit.',
  `actSucceeded` BOOLEAN COMMENT 'Whether the act reached its end, null when nothing was done; no unit.',
  `mode` STRING COMMENT 'Failure mode that was predicted or seen; no unit.',
  `probability` DOUBLE COMMENT 'Probability that was predicted, 0 to 1, null when nothing was; probability.',
  `predictedMillis` BIGINT COMMENT 'When it was predicted, null when it was not; milliseconds since 1970-01-01 UTC.',
  `horizonMillis` BIGINT COMMENT 'Horizon of the prediction, 0 when there was none; milliseconds.',
  `happenedMillis` BIGINT COMMENT 'When it failed, null when it did not; milliseconds since 1970-01-01 UTC.',
  `leadTimeMillis` BIGINT COMMENT 'From the prediction to the failure, null without both; milliseconds.',
  `model` STRING COMMENT 'Identifier of the model, null when there is none; no unit.',
  `modelVersion` INT COMMENT 'Version of the model, null when there is none; count.',
  `costBytes` BIGINT COMMENT 'Bytes that the act copied; bytes.',
  `pauseMillis` BIGINT COMMENT 'Pause that clients saw, null when nothing was done; milliseconds.',
  `text` STRING COMMENT 'The outcome as a sentence for a person; no unit.',
  `timeMillis` BIGINT COMMENT 'When it was judged; milliseconds since 1970-01-01 UTC.',
  `record_partition` INT METADATA FROM 'partition' VIRTUAL,
  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR
) COMMENT 'What later happened to each act and each prediction.' WITH (
  'connector' = 'kafka',
  'topic' = '${prefix}.outcomes.v1',
  'properties.bootstrap.servers' = '${bootstrap}',
  'properties.register.consumer.metrics' = 'false',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'key.format' = 'raw',
  'key.fields' = 'record_key',
  'value.fields-include' = 'EXCEPT_KEY',
  'value.format' = 'forestall-avro',
  'value.forestall-avro.record' = 'Outcome'
);
