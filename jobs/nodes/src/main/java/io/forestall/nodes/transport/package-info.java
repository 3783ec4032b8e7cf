/**
 * The data plane between volume clients, witnesses and storage nodes: binary frames over TCP with a
 * version, bounded sizes and checksums. Knows nothing of Kafka, files or who owns what.
 */
@NullMarked
package io.forestall.nodes.transport;

import org.jspecify.annotations.NullMarked;
