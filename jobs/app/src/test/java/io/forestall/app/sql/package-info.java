/** Tests of the SQL tables, the questions and their runner. */
@NullMarked
package io.forestall.app.sql;

import org.jspecify.annotations.NullMarked;
