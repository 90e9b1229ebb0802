package no.portvakt.maskinporten;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.Pkcs11Keys;
import no.portvakt.tokens.Pkcs11Token;
import org.jspecify.annotations.Nullable;

/** The examples of docs/maskinporten-client.md, letter by letter, so that they compile. */
final class Examples {
  private Examples() {}

  static String oneCall() {
    MaskinportenClient maskinporten =
        MaskinportenClient.fromEnvironment(); // one for the whole program
    String header =
        maskinporten.token("altinn:serviceowner/instances.read").authorization(); // Bearer ey…
    return header;
  }

  static MaskinportenClient inCode(String jwk) {
    MaskinportenClient maskinporten =
        MaskinportenClient.builder()
            .clientId("d395043f-19de-48f7-9ea7-9e38c96b5472")
            .key(GrantKey.ofJwk(jwk))
            .issuer("https://test.maskinporten.no/")
            .platformUrl("https://platform.tt02.altinn.no")
            .build();
    return maskinporten;
  }

  static GrantKey inADevice(char[] pin) {
    KeySource device =
        new Pkcs11Keys(
            Pkcs11Token.atIndex(Path.of("/usr/lib/softhsm/libsofthsm2.so"), 0),
            "my-key", // its label in the device
            pin,
            Duration.ofMinutes(1), // between two looks at the device
            InstantSource.system());
    GrantKey key = GrantKey.ofSource(device, "my-kid"); // null: by its certificate
    return key;
  }

  static @Nullable HttpResponse<String> otherTokens(MaskinportenClient maskinporten, URI address)
      throws IOException, InterruptedException {
    TokenRequest request =
        TokenRequest.builder()
            .scopes("altinn:serviceowner/instances.read")
            .resource("https://tt02.altinn.no") // the API that the token is for
            .consumerOrg("974760673") // acts for an organisation that has delegated its access
            .altinn() // exchanges it for a platform token, in the same call
            .build();
    AccessToken token = maskinporten.token(request);
    HttpClient http =
        maskinporten.authorized(
            HttpClient.newHttpClient(), request, URI.create("https://platform.tt02.altinn.no"));
    HttpResponse<String> answer =
        http.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString());
    return token.scopes().isEmpty() ? null : answer;
  }
}
