package no.portvakt.server;

import com.nimbusds.jose.jwk.RSAKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import no.portvakt.server.MaskinportenClientFixture.Expected;
import no.portvakt.server.database.Database;
import no.portvakt.server.registration.Registrations;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.ClientTable.OnBehalfOfRow;
import no.portvakt.server.store.ConsentTable.ConsentRow;
import no.portvakt.server.store.DelegationTable.DelegationRow;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.server.store.SystemUserTable.SystemRow;
import no.portvakt.server.store.SystemUserTable.UserRow;
import org.jspecify.annotations.Nullable;

/**
 * A platform whose Maskinporten knows what a test writes into its tables. All clients have the same
 * key.
 */
final class MaskinportenRows implements AutoCloseable {
  /** A source of delegations. */
  static final String SOURCE = "https://tt02.altinn.no/";

  private static final RSAKey KEY = RemoteIssuer.newKey();
  private static final long NOW = TestClock.START.toEpochMilli();

  private final TestStack stack;
  private final Database database;
  private final Registrations rows;

  private MaskinportenRows(TestStack stack, Database database) {
    this.stack = stack;
    this.database = database;
    this.rows = Registrations.in(database);
  }

  static MaskinportenRows in(TestStore store) {
    return in(store, settings -> settings);
  }

  static MaskinportenRows in(TestStore store, UnaryOperator<Settings> change) {
    TestStack stack = TestStack.start(it -> change.apply(store.settings().apply(it)));
    return new MaskinportenRows(stack, store.open());
  }

  TestStack stack() {
    return stack;
  }

  Registrations tables() {
    return rows;
  }

  /** A client of an organisation with these scopes. */
  TestStack.Client client(String organisation, String... scopes) {
    return client(organisation, Map.of(), scopes);
  }

  /** A client of an organisation with further settings. */
  TestStack.Client client(String organisation, Map<String, ?> more, String... scopes) {
    return client(organisation, more, TestClock.START.plus(Duration.ofDays(365)), scopes);
  }

  /** A client whose key ends at a time. */
  TestStack.Client client(
      String organisation, Map<String, ?> more, Instant expires, String... scopes) {
    String id = UUID.randomUUID().toString();
    Map<String, Object> body = new HashMap<>(more);
    body.put("scopes", List.of(scopes));
    rows.clients()
        .add(new ClientRow(id, organisation, null, true, TestStack.toJson(body), NOW, NOW));
    rows.clients()
        .putKeys(
            id,
            List.of(
                new KeyRow(
                    KEY.getKeyID(),
                    KEY.toPublicJWK().toJSONString(),
                    NOW,
                    expires.toEpochMilli())));
    return new TestStack.Client(id, KEY);
  }

  /** An active scope of digdir's that these organisations have access to. */
  String scope(String name, Map<String, ?> settings, String... grantedTo) {
    rows.scopes()
        .add(new ScopeRow(name, TestStack.DIGDIR, true, TestStack.toJson(settings), NOW, NOW));
    for (String organisation : grantedTo) {
      rows.scopes().putAccess(name, organisation, ScopeTable.APPROVED, NOW);
    }
    return name;
  }

  /** For whom a client may act under a name. */
  void onBehalfOf(TestStack.Client client, String name, String organisation) {
    String body = TestStack.toJson(Map.of("orgno", organisation));
    database.write(session -> {
      rows.clients().putOnBehalfOf(session, new OnBehalfOfRow(client.id(), name, body, NOW, NOW));
      return true;
    });
  }

  void delegate(String scope, String consumer, String supplier) {
    database.write(session ->
        rows.delegations().add(session, new DelegationRow(SOURCE, scope, consumer, supplier, NOW)));
  }

  void takeBack(String scope, String consumer, String supplier) {
    database.write(
        session -> rows.delegations().remove(session, SOURCE, scope, consumer, supplier));
  }

  /** A vendor's system that lists clients. */
  void system(String id, String vendor, String... clients) {
    String body = TestStack.toJson(Map.of("client_ids", List.of(clients)));
    database.write(session -> {
      rows.systemUsers().putSystem(session, new SystemRow(id, vendor, body, NOW, NOW));
      return true;
    });
  }

  /** A user of a system; returns its id. */
  String systemUser(String system, String party, String externalRef) {
    String id = UUID.randomUUID().toString();
    database.write(session ->
        rows.systemUsers().add(session, new UserRow(id, system, party, externalRef, NOW)));
    return id;
  }

  /** A consent; returns its id. */
  String consent(String giver, String receiver, Map<String, ?> body) {
    String id = UUID.randomUUID().toString();
    String json = TestStack.toJson(body);
    database.write(
        session -> rows.consents().add(session, new ConsentRow(id, giver, receiver, json, NOW)));
    return id;
  }

  /** Changes the store behind the platform's back. */
  void sql(String sql) {
    database.write(session -> session.update(sql));
  }

  /** The claims of the token for a grant, which must be given. */
  Map<String, @Nullable Object> accepts(TokenForge grant) {
    return MaskinportenClientFixture.claims(stack.requestToken(grant.compact()));
  }

  /** The description of the refusal of a grant, which must be this one. */
  String refuses(Expected expected, TokenForge grant) {
    return MaskinportenClientFixture.assertRefused(
        stack, stack.requestToken(grant.compact()), expected);
  }

  /** An organisation as tokens name it. */
  static Map<String, Object> party(String organisation) {
    return Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + organisation);
  }

  @Override
  public void close() {
    database.close();
    stack.close();
  }
}
