package io.forestall.risk;

/**
 * One part of a score's explanation. Row G7.
 *
 * @param metric canonical metric or derived feature, for example {@code smart_197_raw}; no unit
 * @param value value of it at the sample; unit of the metric
 * @param contribution log-odds that it adds to the probability, positive raises the risk; nats
 * @param text the reason as a sentence for a person
 */
public record ReasonPart(String metric, double value, double contribution, String text) {}
