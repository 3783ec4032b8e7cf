package io.forestall.app.score;

/**
 * What scoring a folder came to, in exact counts. Immutable.
 *
 * @param days days read
 * @param rows data rows read: {@code rows == lines + unreadable}
 * @param lines lines written
 * @param refused rows written with a score though the job would refuse them: duplicates, bad cells,
 *     rows in the wrong file
 * @param unreadable rows without a readable disk or date: no line for them
 * @param brokenFiles files that were refused or broke off
 * @param disks distinct disks
 * @param elapsedMillis how long it took; milliseconds
 */
public record ScoreSummary(
    long days,
    long rows,
    long lines,
    long refused,
    long unreadable,
    long brokenFiles,
    long disks,
    long elapsedMillis) {}
