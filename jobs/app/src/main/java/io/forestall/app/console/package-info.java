/**
 * The console: a bounded view of the fleet and its risks fed from Kafka, a read-only HTTP
 * interface, one page, and the commands that ask it.
 */
@NullMarked
package io.forestall.app.console;

import org.jspecify.annotations.NullMarked;
