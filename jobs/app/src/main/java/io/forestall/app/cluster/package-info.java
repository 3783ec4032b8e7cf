/** Doors to any Flink cluster by its REST address: what it lacks, submit, savepoint, resume. */
@NullMarked
package io.forestall.app.cluster;

import org.jspecify.annotations.NullMarked;
