/** What the command says of risk straight from Kafka. */
@NullMarked
package io.forestall.app.risk;

import org.jspecify.annotations.NullMarked;
