/**
 * Rules files and tests of rules, as YAML: what people write, checked line by line, becomes the
 * rules of {@code io.forestall.decisions.incident}. Rows B2 to B5 of the feature list. No Flink.
 */
@NullMarked
package io.forestall.wire.rules;

import org.jspecify.annotations.NullMarked;
