/** The topics as SQL tables: a format for Avro single-object encoding of mixed versions. */
@NullMarked
package io.forestall.operators.sql;

import org.jspecify.annotations.NullMarked;
