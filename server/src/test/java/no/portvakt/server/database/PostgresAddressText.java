package no.portvakt.server.database;

/** All that an address holds, the password too, for tests that compare. */
public final class PostgresAddressText {
  private PostgresAddressText() {}

  public static String of(PostgresAddress address) {
    return String.join(
        " ",
        address.url(),
        String.valueOf(address.user()),
        String.valueOf(address.password()),
        String.valueOf(address.connections()));
  }
}
