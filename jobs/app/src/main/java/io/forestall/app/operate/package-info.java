/**
 * The words of operators: what they read of incidents and decisions, and what they say about them,
 * from the command line and over HTTP (G1 to G3, G6, G12, G13).
 */
@NullMarked
package io.forestall.app.operate;

import org.jspecify.annotations.NullMarked;
