/** The topics as SQL tables, and the runner that puts questions to a Flink cluster. */
@NullMarked
package io.forestall.app.sql;

import org.jspecify.annotations.NullMarked;
