package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.DETAILS_FORM;
import static no.portvakt.server.MaskinportenClientFixture.DETAILS_TYPE;
import static no.portvakt.server.MaskinportenClientFixture.DETAILS_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.INVALID_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.MaskinportenRows.SOURCE;
import static no.portvakt.server.MaskinportenRows.party;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Contract §1.10: system users of the vendor brg, for the parties ttd and digdir. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenSystemUserTest {
  private static final String TYPE = "urn:altinn:systemuser";
  private static final String ENDUSER = "altinn:enduser";
  private static final String SYSTEM = BRG + "_books";

  private final TestStore store;
  private final MaskinportenRows rows;
  private final TestStack.Client client;
  private final String plain;
  private final String referred;

  MaskinportenSystemUserTest(@TempDir Path folder) {
    store = TestStore.in(folder);
    rows = MaskinportenRows.in(store);
    rows.scope(ENDUSER, Map.of("delegation_source", SOURCE), BRG, DIGDIR);
    client = rows.client(BRG, ENDUSER);
    rows.system(SYSTEM, BRG, client.id());
    plain = rows.systemUser(SYSTEM, TTD, TTD);
    referred = rows.systemUser(SYSTEM, TTD, "avdeling_Ø-1");
  }

  @AfterAll
  void stop() {
    rows.close();
  }

  @Test
  void namesTheSystemUserOfAParty() {
    Map<String, @Nullable Object> claims = rows.accepts(asking(user(Map.of())));
    assertThat(claims)
        .containsEntry("consumer", party(BRG))
        .containsEntry(
            "authorization_details",
            List.of(
                Map.of(
                    "type",
                    TYPE,
                    "systemuser_id",
                    List.of(plain),
                    "systemuser_org",
                    party(TTD),
                    "system_id",
                    SYSTEM)));
    assertThat(List.copyOf(claims.keySet())).endsWith("consumer", "authorization_details");
  }

  @Test
  void tellsSystemUsersApartByTheirReferenceAndNeverEchoesIt() {
    Map<String, @Nullable Object> claims =
        rows.accepts(asking(user(Map.of("externalRef", "avdeling_Ø-1"))));
    assertThat(claims.toString()).contains(referred).doesNotContain("avdeling");
    assertThat(rows.accepts(asking(user(Map.of("externalRef", TTD)))).toString()).contains(plain);
    assertThat(rows.accepts(asking(user(Map.of("externalRef", "")))).toString()).contains(plain);
    rows.refuses(DETAILS_VALUE, asking(user(Map.of("externalRef", "avdeling_Ø-2"))));
  }

  @Test
  void leavesARecordThatNamesTheSystemUser() {
    Object jti = rows.accepts(asking(user(Map.of()))).get("jti");
    assertThat(
            AuditRecords.decisions(store.records()).stream()
                .filter(it -> Objects.equals(it.get("jti"), jti))
                .map(it -> it.get("system_user"))
                .toList())
        .containsExactly(plain);
  }

  // One page of Altinn's documentation has the member in lower case.
  @Test
  void readsTheOrganisationWithALowerCaseIdAndWritesItInUpperCase() {
    Map<String, String> lower = Map.of("authority", "iso6523-actorid-upis", "id", "0192:" + TTD);
    Map<String, @Nullable Object> claims =
        rows.accepts(asking(user(Map.of("systemuser_org", lower))));
    assertThat(claims.toString()).contains("ID=0192:" + TTD).doesNotContain("id=0192");
  }

  @Test
  void refusesAClientThatTheSystemDoesNotList() {
    TestStack.Client other = rows.client(BRG, ENDUSER);
    String description = rows.refuses(DETAILS_VALUE, asking(other, user(Map.of())));
    assertThat(rows.refuses(DETAILS_VALUE, asking(user(Map.of("externalRef", "unknown")))))
        .as("nobody learns which of the reasons it is")
        .startsWith(description.replaceFirst(" \\(trace_id.*", ""));
  }

  @Test
  void refusesTheClientOfAnotherVendorThoughTheSystemListsIt() {
    TestStack.Client foreign = rows.client(DIGDIR, ENDUSER);
    rows.system(BRG + "_foreign", BRG, foreign.id());
    rows.systemUser(BRG + "_foreign", TTD, TTD);
    rows.refuses(DETAILS_VALUE, asking(foreign, user(Map.of())));
  }

  @Test
  void refusesAPartyWithoutSystemUser() {
    rows.refuses(DETAILS_VALUE, asking(user(Map.of("systemuser_org", party(DIGDIR)))));
    rows.refuses(DETAILS_VALUE, asking(user(Map.of("systemuser_org", party(BRG)))));
  }

  @Test
  void refusesWhatCouldBeEitherOfTwoSystems() {
    TestStack.Client shared = rows.client(BRG, ENDUSER);
    for (String system : List.of(BRG + "_a", BRG + "_b")) {
      rows.system(system, BRG, shared.id());
      rows.systemUser(system, TTD, "twice");
    }
    rows.refuses(DETAILS_VALUE, asking(shared, user(Map.of("externalRef", "twice"))));
  }

  // The vendor is the consumer, also when a supplier asks for it.
  @Test
  void findsTheSystemOfTheConsumerForItsSupplier() {
    TestStack.Client supplier = rows.client(TTD, ENDUSER);
    rows.delegate(ENDUSER, BRG, TTD);
    rows.system(BRG + "_supplied", BRG, supplier.id());
    String id = rows.systemUser(BRG + "_supplied", DIGDIR, DIGDIR);
    TokenForge grant =
        asking(supplier, user(Map.of("systemuser_org", party(DIGDIR)))).claim("consumer_org", BRG);
    assertThat(rows.accepts(grant))
        .containsEntry("consumer", party(BRG))
        .containsEntry("supplier", party(TTD))
        .extractingByKey("authorization_details")
        .asString()
        .contains(id);
  }

  @Test
  void refusesOrganisationsThatAreNone() {
    for (Map<String, ?> organisation :
        List.of(
            Map.of("authority", "iso6523-actorid-upis", "ID", TTD),
            Map.of("authority", "iso6523-actorid-upis", "ID", "9908:" + TTD),
            Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + TTD + ":1"),
            Map.of("authority", "iso6523-actorid-upis", "ID", "0192:405003308"),
            Map.of("authority", "iso6523-actorid-upis", "ID", 5),
            Map.of("authority", "other", "ID", "0192:" + TTD),
            Map.of("ID", "0192:" + TTD))) {
      rows.refuses(DETAILS_VALUE, asking(user(Map.of("systemuser_org", organisation))));
    }
  }

  @Test
  void refusesMembersThatItDoesNotKnow() {
    rows.refuses(DETAILS_FORM, asking(user(Map.of("systemuser_id", plain))));
    rows.refuses(DETAILS_FORM, asking(user(Map.of("externalref", TTD))));
    Map<String, Object> more = new HashMap<>(party(TTD));
    more.put("name", "x");
    rows.refuses(DETAILS_FORM, asking(user(Map.of("systemuser_org", more))));
    rows.refuses(DETAILS_FORM, asking(user(Map.of("systemuser_org", Map.of("x", 1)))));
    rows.refuses(DETAILS_FORM, asking(user(Map.of("systemuser_org", "0192:" + TTD))));
    rows.refuses(DETAILS_FORM, asking(List.of(Map.of("type", TYPE))));
  }

  @Test
  void refusesReferencesOfAnotherForm() {
    for (Object reference :
        Arrays.asList("a b", "a.b", "é", "a\n", "x".repeat(256), 5, null, List.of("a"))) {
      Map<String, @Nullable Object> detail = new HashMap<>();
      detail.put("type", TYPE);
      detail.put("systemuser_org", party(TTD));
      detail.put("externalRef", reference);
      rows.refuses(DETAILS_FORM, asking(List.of(detail)));
    }
  }

  @Test
  void refusesTypesThatItDoesNotKnow() {
    for (Object type : Arrays.asList("urn:altinn:resource", "", 5, null, List.of(TYPE))) {
      Map<String, @Nullable Object> detail = new HashMap<>();
      detail.put("type", type);
      rows.refuses(DETAILS_TYPE, asking(List.of(detail)));
    }
    rows.refuses(DETAILS_TYPE, asking(List.of(Map.of("systemuser_org", party(TTD)))));
  }

  @Test
  void refusesEverythingButAListOfOneObject() {
    for (Object details :
        Arrays.asList(
            null,
            5,
            "x",
            List.of(),
            List.of("x"),
            List.of(List.of()),
            Map.of("type", TYPE, "systemuser_org", party(TTD)),
            List.of(user(Map.of()).get(0), user(Map.of()).get(0)))) {
      rows.refuses(DETAILS_FORM, rows.stack().grant(client, ENDUSER).claim(DETAILS, details));
    }
  }

  @Test
  void needsAScopeAllTheSame() {
    rows.refuses(INVALID_VALUE, asking(user(Map.of())).without("scope"));
  }

  private static final String DETAILS = "authorization_details";

  private static List<Map<String, Object>> user(Map<String, ?> changes) {
    Map<String, Object> detail = new HashMap<>();
    detail.put("type", TYPE);
    detail.put("systemuser_org", party(TTD));
    detail.putAll(changes);
    return List.of(detail);
  }

  private TokenForge asking(List<? extends Map<String, ?>> details) {
    return asking(client, details);
  }

  private TokenForge asking(TestStack.Client asker, List<? extends Map<String, ?>> details) {
    return rows.stack().grant(asker, ENDUSER).claim(DETAILS, details);
  }
}
