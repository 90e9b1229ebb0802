package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsumerTest {
  private static final OrganisationNumber BRG = new OrganisationNumber("974760673");

  @Test
  void readsTheConsumerOfARealToken() throws MalformedJson {
    Consumer consumer =
        Consumer.parse(
            Json.readObject("{\"authority\":\"iso6523-actorid-upis\",\"ID\":\"0192:974760673\"}"));
    assertThat(consumer).isEqualTo(Consumer.of(BRG));
  }

  @Test
  void readsThePrefixOfOlderTokens() {
    assertThat(parse("9908:974760673")).isEqualTo(new Consumer("9908", BRG));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0192:974760673:ER//987464291:1",
        "0192:974760673:991825827",
        "0192:974760673:x:y",
        "0192:974760673:"
      })
  void toleratesSubUnitsAfterTheNumber(String id) {
    assertThat(parse(id)).isEqualTo(Consumer.of(BRG));
  }

  @Test
  void toleratesFurtherMembers() {
    Map<String, String> claim =
        Map.of("authority", Consumer.AUTHORITY, "ID", "0192:974760673", "name", "Brreg");
    assertThat(Consumer.parse(claim)).isEqualTo(Consumer.of(BRG));
  }

  @Test
  void writesItsClaimInTheOrderOfRealTokens() {
    assertThat(Json.write(Consumer.of(BRG).toClaim()))
        .isEqualTo("{\"authority\":\"iso6523-actorid-upis\",\"ID\":\"0192:974760673\"}");
    assertThat(new Consumer("9908", BRG).toClaim()).containsEntry("ID", "9908:974760673");
  }

  @Test
  void refusesWhatIsNoObject() {
    for (Object claim : List.of("0192:974760673", 974_760_673L, true, List.of("0192:974760673"))) {
      assertThat(Consumer.parse(claim)).as("%s", claim).isNull();
    }
    assertThat(Consumer.parse(null)).isNull();
    assertThat(Consumer.parse(Map.of())).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "iso6523", "ISO6523-ACTORID-UPIS", "iso6523-actorid-upis "})
  void refusesAnotherAuthority(String authority) {
    assertThat(Consumer.parse(Map.of("authority", authority, "ID", "0192:974760673"))).isNull();
  }

  @Test
  void refusesAMissingAuthority() {
    assertThat(Consumer.parse(Map.of("ID", "0192:974760673"))).isNull();
  }

  @Test
  void refusesAnIdThatIsMissingMisspeltOrNoText() {
    List<Map<String, Object>> claims = new ArrayList<>();
    claims.add(Map.of("authority", Consumer.AUTHORITY));
    claims.add(Map.of("authority", Consumer.AUTHORITY, "id", "0192:974760673"));
    claims.add(Map.of("authority", Consumer.AUTHORITY, "ID", 974_760_673L));
    claims.add(Map.of("authority", Consumer.AUTHORITY, "ID", List.of("0192:974760673")));
    for (Map<String, Object> claim : claims) {
      assertThat(Consumer.parse(claim)).as("%s", claim).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "974760673",
        ":974760673",
        "0192",
        "0192:",
        "0192::974760673",
        "0192 :974760673",
        "0192: 974760673",
        "0192:974760674",
        "0192:97476067a",
        "0192:９７４７６０６７３",
        "0192:9747606730",
        "192:974760673",
        "0193:974760673",
        "9908;974760673",
        "974760673:0192",
        "x0192:974760673"
      })
  void refusesIdsOfAnyOtherForm(String id) {
    assertThat(parse(id)).isNull();
  }

  private static @Nullable Consumer parse(String id) {
    return Consumer.parse(Map.of("authority", Consumer.AUTHORITY, "ID", id));
  }
}
