package no.portvakt.bench;

import java.nio.charset.StandardCharsets;

/** The requests of a load, as bytes for a bare socket. */
final class Requests {
  private static final String GRANT =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

  private Requests() {}

  /** Exchanges a Maskinporten token for a platform token. */
  static byte[] exchange(String token) {
    return ascii(
        "GET /authentication/api/v1/exchange/maskinporten HTTP/1.1\r\n"
            + "Host: localhost\r\nAccept: */*\r\nAuthorization: Bearer "
            + token
            + "\r\n\r\n");
  }

  /** Asks for a Maskinporten token with a JWT grant. */
  static byte[] token(String grant) {
    return ascii(
        "POST /maskinporten/token HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
            + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
            + (GRANT.length() + grant.length())
            + "\r\n\r\n"
            + GRANT
            + grant);
  }

  private static byte[] ascii(String request) {
    return request.getBytes(StandardCharsets.US_ASCII);
  }
}
