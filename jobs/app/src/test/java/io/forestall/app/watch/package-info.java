/** Holds metrics, rules, dashboards and manifests against each other and against what runs. */
@NullMarked
package io.forestall.app.watch;

import org.jspecify.annotations.NullMarked;
