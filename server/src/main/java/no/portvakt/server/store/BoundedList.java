package no.portvakt.server.store;

/**
 * The beginning of a list, as a condition in SQL: so many rows at most, and so many bytes of their
 * bodies. The database itself must leave the rest out, because PostgreSQL's driver reads a whole
 * answer before it gives the first row.
 */
final class BoundedList {
  /** The most rows in one list. */
  static final int MOST_ROWS = 5000;

  /** The most bytes of bodies in one list. */
  static final int MOST_BYTES = 4_000_000;

  private BoundedList() {}

  /**
   * A condition that the first rows meet.
   *
   * @param key the table's primary key
   * @param condition what else the rows meet; its parameters become this condition's
   * @param order what the list is sorted by, different for each row
   */
  static String first(String table, String key, String condition, String order) {
    return """
    %2$s IN (SELECT %2$s FROM (
      SELECT %2$s, SUM(octet_length(body)) OVER (ORDER BY %4$s) AS weight FROM (
        SELECT * FROM %1$s WHERE %3$s ORDER BY %4$s LIMIT %5$d) AS most) AS weighed
      WHERE weight <= %6$d)
    """
        .formatted(table, key, condition, order, MOST_ROWS, MOST_BYTES);
  }
}
