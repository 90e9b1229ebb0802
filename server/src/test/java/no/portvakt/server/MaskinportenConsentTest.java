package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.DETAILS_FORM;
import static no.portvakt.server.MaskinportenClientFixture.DETAILS_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.MaskinportenRows.SOURCE;
import static no.portvakt.server.MaskinportenRows.party;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Contract §1.10: consents to the organisation brg. */
class MaskinportenConsentTest {
  private static final String TYPE = "urn:altinn:consent";
  private static final String SCOPE = "digdir:income.read";
  private static final String GIVER = "urn:altinn:person:identifier-no:15507600333";
  private static final Map<String, Object> BODY =
      Map.of(
          "consented",
          "2026-03-01T12:00:00Z",
          "validTo",
          "2026-03-02T11:15:31+01:00",
          "consentRights",
          IncomeConsent.RIGHTS);

  private final TestStore store;

  MaskinportenConsentTest(@TempDir Path folder) {
    store = TestStore.in(folder);
  }

  @Test
  void bringsWhatIsConsentedTo() {
    try (MaskinportenRows rows = rows()) {
      String id = rows.consent(GIVER, BRG, BODY);
      Map<String, Object> expected = new HashMap<>(BODY);
      expected.putAll(Map.of("type", TYPE, "id", id, "from", GIVER, "to", party(BRG)));
      assertThat(rows.accepts(asking(rows, id, GIVER)))
          .containsEntry("authorization_details", List.of(expected));
    }
  }

  @Test
  void refusesWhatWasConsentedToOthersOrByOthersOrNeverOrInAnotherForm() {
    try (MaskinportenRows rows = rows()) {
      String id = rows.consent(GIVER, BRG, BODY);
      String foreign = rows.consent(GIVER, TTD, BODY);
      String other = "urn:altinn:organization:identifier-no:" + TTD;
      String first = rows.refuses(DETAILS_VALUE, asking(rows, foreign, GIVER));
      for (String same :
          List.of(
              rows.refuses(DETAILS_VALUE, asking(rows, id, other)),
              rows.refuses(DETAILS_VALUE, asking(rows, id, GIVER + " ")),
              rows.refuses(DETAILS_VALUE, asking(rows, "unknown", GIVER)))) {
        assertThat(withoutTrace(same)).isEqualTo(withoutTrace(first));
      }
      rows.refuses(DETAILS_FORM, asking(rows, 5, GIVER));
      rows.refuses(DETAILS_FORM, asking(rows, id, null));
      Map<String, Object> more = Map.of("type", TYPE, "id", id, "from", GIVER, "to", party(BRG));
      rows.refuses(DETAILS_FORM, grant(rows).claim("authorization_details", List.of(more)));
    }
  }

  @Test
  void refusesAConsentFromTheMomentItEnds() {
    try (MaskinportenRows rows = rows()) {
      String id = rows.consent(GIVER, BRG, BODY);
      String endless = rows.consent(GIVER, BRG, Map.of());
      rows.refuses(DETAILS_VALUE, asking(rows, endless, GIVER));
      rows.accepts(asking(rows, id, GIVER)); // at 10:15:30.750Z
      rows.stack().clock().advance(Duration.ofMillis(249));
      rows.accepts(asking(rows, id, GIVER));
      rows.stack().clock().advance(Duration.ofMillis(1));
      rows.refuses(DETAILS_VALUE, asking(rows, id, GIVER));
    }
  }

  @Test
  void refusesAConsentUntilTheMomentItBegins() {
    try (MaskinportenRows rows = rows()) {
      Map<String, Object> body = new HashMap<>(BODY);
      body.put("consented", "2026-03-02T11:15:30.751+01:00");
      String id = rows.consent(GIVER, BRG, body);
      body.put("consented", "yesterday");
      String other = rows.consent(GIVER, BRG, body);
      rows.refuses(DETAILS_VALUE, asking(rows, other, GIVER));
      rows.refuses(DETAILS_VALUE, asking(rows, id, GIVER)); // at 10:15:30.750Z
      rows.stack().clock().advance(Duration.ofMillis(1));
      rows.accepts(asking(rows, id, GIVER));
    }
  }

  @Test
  void bringsTheConsentOfTheConsumerForItsSupplier() {
    try (MaskinportenRows rows = rows()) {
      TestStack.Client supplier = rows.client(TTD, SCOPE);
      rows.delegate(SCOPE, BRG, TTD);
      String id = rows.consent(GIVER, BRG, BODY);
      String own = rows.consent(GIVER, TTD, BODY);
      TokenForge grant = rows.stack().grant(supplier, SCOPE).claim("consumer_org", BRG);
      Map<String, Object> detail = new HashMap<>(Map.of("type", TYPE, "id", id, "from", GIVER));
      assertThat(rows.accepts(grant.claim("authorization_details", List.of(detail))))
          .extractingByKey("authorization_details")
          .asString()
          .contains("0192:" + BRG, id);
      detail.put("id", own);
      rows.refuses(DETAILS_VALUE, grant.claim("authorization_details", List.of(detail)));
    }
  }

  @Test
  void leavesNoPersonNumberInTheAudit() {
    String id;
    try (MaskinportenRows rows = rows()) {
      id = rows.consent(GIVER, BRG, BODY);
      rows.accepts(asking(rows, id, GIVER).claim("pid", "15507600333"));
      rows.refuses(DETAILS_VALUE, asking(rows, id, GIVER + "x"));
    }
    List<AuditRecords.Stored> records = AuditRecords.decisions(store.records());
    assertThat(records).hasSize(2).noneMatch(it -> it.json().contains("15507600333"));
    assertThat(records.get(0).get("consent")).isEqualTo(id);
    assertThat(String.valueOf(records.get(0).get("person"))).matches("p:[A-Za-z0-9_-]{16}");
    assertThat(records.get(0).rule("details.consent")).contains("held");
    assertThat(records.get(1).rule("details.consent")).contains("failed", "another giver");
  }

  private MaskinportenRows rows() {
    MaskinportenRows rows = MaskinportenRows.in(store);
    rows.scope(SCOPE, Map.of("delegation_source", SOURCE), BRG, TTD);
    return rows;
  }

  private static TokenForge grant(MaskinportenRows rows) {
    return rows.stack().grant(rows.client(BRG, SCOPE), SCOPE);
  }

  private static TokenForge asking(
      MaskinportenRows rows, @Nullable Object id, @Nullable Object from) {
    Map<String, @Nullable Object> detail = new HashMap<>();
    detail.put("type", TYPE);
    detail.put("id", id);
    detail.put("from", from);
    return grant(rows).claim("authorization_details", List.of(detail));
  }

  private static String withoutTrace(String description) {
    return description.replaceFirst(" \\(trace_id.*", "");
  }
}
