/**
 * The adapter for storage that is not ours (level 1 of the contract): obeys signed commands by
 * running an operator's own programs.
 */
@NullMarked
package io.forestall.nodes.hooks;

import org.jspecify.annotations.NullMarked;
