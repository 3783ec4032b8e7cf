/**
 * Block devices over the Network Block Device protocol (fixed newstyle), so that a volume is a disk
 * for tools and systems nobody here wrote. Knows a {@link io.forestall.nodes.nbd.BlockDevice} and
 * nothing of nodes.
 */
@NullMarked
package io.forestall.nodes.nbd;

import org.jspecify.annotations.NullMarked;
