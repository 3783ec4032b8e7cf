/**
 * The reference storage node (E1, E4, E7, C4, D2, D3): a process that keeps copies of units in real
 * files, writes them through a journal and the log, follows the ownership log and answers clients.
 * What it may do is decided by {@code NodeProtocol} alone; here are files, threads and Kafka.
 */
@NullMarked
package io.forestall.nodes.node;

import org.jspecify.annotations.NullMarked;
