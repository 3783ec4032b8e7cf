/** The steps of the train job: histories of disks, and the trainer. Rows A4, A14. */
@NullMarked
package io.forestall.operators.train;

import org.jspecify.annotations.NullMarked;
