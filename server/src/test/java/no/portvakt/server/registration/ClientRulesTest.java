package no.portvakt.server.registration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The addresses that a platform in production takes; AdminLoginClientsTest has all else. */
class ClientRulesTest {
  private final ClientRules rules = new ClientRules(false);

  @ParameterizedTest
  @CsvSource({
    "web, https://app.example.no/back",
    "browser, https://app.example.no:8443/back",
    "native, https://app.example.no/back",
    "native, no.example.app:/back",
    "native, http://127.0.0.1:*/back",
    "native, http://127.0.0.1:*?a=b",
    "native, http://127.0.0.1:*",
    "native, http://localhost:5000/back"
  })
  void takesSafeAddresses(String application, String address) {
    assertThat(read(application, address)).containsEntry("redirect_uris", List.of(address));
  }

  @ParameterizedTest
  @CsvSource({
    "web, http://app.example.no/back",
    "web, https://localhost/back",
    "web, https://LOCALHOST:5000/back",
    "web, http://127.0.0.1/back",
    "web, 'https://[::1]/back'",
    "browser, https://localhost/back",
    "browser, no.example.app:/back",
    "native, http://app.example.no/back",
    "native, https://127.0.0.1:*.evil.example/back",
    "native, http://localhost:*@evil.example/back",
    "native, http://127.0.0.1:*5000/back",
    "native, JavaScript:alert(1)"
  })
  void refusesOtherAddresses(String application, String address) {
    assertThatExceptionOfType(BadField.class)
        .isThrownBy(() -> read(application, address))
        .satisfies(e -> assertThat(e.field()).isEqualTo("redirect_uris"))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain(address));
  }

  private Map<String, Object> read(String application, String address) {
    Map<String, @Nullable Object> body = new HashMap<>();
    body.put("client_name", "test");
    body.put("description", "A test");
    body.put("application_type", application);
    body.put("redirect_uris", List.of(address));
    return rules.read(body, "idporten");
  }
}
