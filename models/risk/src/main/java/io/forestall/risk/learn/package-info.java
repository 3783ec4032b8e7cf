/**
 * What a running fleet teaches: histories with delayed labels, whom to train on and whom to judge
 * by, and the contest between champion and challenger. Rows A4, A14.
 */
@NullMarked
package io.forestall.risk.learn;

import org.jspecify.annotations.NullMarked;
