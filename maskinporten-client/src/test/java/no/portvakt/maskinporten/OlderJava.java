package no.portvakt.maskinporten;

/**
 * A small program with the library, for {@link OlderJavaTest} to run on Java 17: gets the token for
 * a scope twice, then the platform token, and writes what came of it.
 */
final class OlderJava {
  private OlderJava() {}

  public static void main(String[] arguments) {
    String scope = arguments[0];
    TokenRequest exchanged = TokenRequest.builder().scopes(scope).altinn().build();
    try (MaskinportenClient client = MaskinportenClient.fromEnvironment()) {
      AccessToken token = client.token(scope);
      boolean kept = client.tokenLater(TokenRequest.of(scope)).join() == token;
      System.out.println("Java " + Runtime.version().feature());
      System.out.println(token.value() + (kept ? " kept" : " lost"));
      System.out.println(client.token(exchanged).value());
    }
  }
}
