package no.portvakt.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import no.portvakt.cli.AdminApiClient.Reply;
import no.portvakt.cli.AuthorityFile.Client;
import no.portvakt.cli.AuthorityFile.User;
import no.portvakt.cli.AuthorityFile.VendorSystem;
import no.portvakt.cli.AuthorityPlan.Kind;
import no.portvakt.cli.AuthorityPlan.Step;
import no.portvakt.cli.ClientKeyCommand.Keys;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.Scopes;
import org.jspecify.annotations.Nullable;

/** The part of an {@link AuthorityPlan} that is about clients, their keys, and systems. */
final class ClientPlan {
  private static final Set<String> LOGIN = Set.of("idporten", "api_klient", "ansattporten");

  private final AdminApiClient api;
  private final AuthorityFile file;
  private final boolean prune;
  private final Map<String, String> ids = new LinkedHashMap<>();

  /**
   * @param prune whether keys go that the file does not have
   */
  ClientPlan(AdminApiClient api, AuthorityFile file, boolean prune) {
    this.api = api;
    this.file = file;
    this.prune = prune;
  }

  /** The ids of the file's clients by their names, as far as they are known yet. */
  Map<String, String> ids() {
    return ids;
  }

  void add(List<Step> steps, List<Step> removals) {
    if (file.clients() != null) {
      clients(file.clients(), steps, removals);
    }
    if (file.systems() != null) {
      file.systems().forEach(system -> system(system, steps, removals));
    }
  }

  private void clients(List<Client> wanted, List<Step> steps, List<Step> removals) {
    boolean named = wanted.stream().anyMatch(client -> client.id() == null);
    List<Map<String, @Nullable Object>> present = named || prune ? api.all("clients") : List.of();
    String own = api.organisation();
    for (Client client : wanted) {
      String id = client.id() == null ? find(client, present, own) : client.id();
      if (id == null) {
        create(client, steps);
      } else {
        ids.put(client.name(), id);
        update(client, id, steps);
      }
    }
    Set<Object> kept = new LinkedHashSet<>(ids.values());
    kept.add(api.claims().get(ClaimNames.CLIENT_ID)); // who removes itself can't undo it
    for (Map<String, @Nullable Object> row : present) {
      String id = String.valueOf(row.get("client_id"));
      if (!kept.contains(id) && own.equals(row.get("client_orgno"))) {
        removals.add(
            new Step(
                Kind.REMOVE,
                "client " + Table.text(row.get("client_name")) + " (" + id + ")",
                List.of(),
                () -> api.delete(ClientCommand.path(id), null)));
      }
    }
  }

  /** The id of the one client of that name, or null when there is none. */
  private @Nullable String find(
      Client client, List<Map<String, @Nullable Object>> present, String own) {
    Object asked = client.settings().get("client_orgno");
    String organisation = asked == null ? own : String.valueOf(asked);
    List<String> found =
        present.stream()
            .filter(row -> client.name().equals(row.get("client_name")))
            .filter(row -> organisation.equals(row.get("client_orgno")))
            .map(row -> String.valueOf(row.get("client_id")))
            .toList();
    if (found.size() > 1) {
      throw new CannotDo(
          "Several clients are named "
              + client.name()
              + ", so client_id must say which: "
              + String.join(", ", found)
              + ".");
    }
    boolean lists =
        organisation.equals(own)
            || Scopes.parse(api.claims().get(ClaimNames.SCOPE)).contains("idporten:dcr.supplier");
    if (found.isEmpty() && !lists) {
      throw new CannotDo(
          "The client "
              + client.name()
              + " is of another organisation, whose clients can't be listed: make it with `client"
              + " create --org` and give its client_id.");
    }
    return found.isEmpty() ? null : found.get(0);
  }

  private void create(Client client, List<Step> steps) {
    if (getsSecret(client.settings())) {
      throw new CannotDo(
          "The client "
              + client.name()
              + " gets a secret that is shown once: make it with `client create` and give its"
              + " client_id.");
    }
    String what = "client " + client.name();
    steps.add(
        new Step(
            Kind.CREATE,
            what,
            List.of(),
            () -> {
              Map<String, @Nullable Object> made = api.post("clients", client.settings()).object();
              ids.put(client.name(), String.valueOf(made.get("client_id")));
              AuthorityPlan.requireTaken(what, client.settings(), made);
            }));
    if (client.keys() != null && !client.keys().isEmpty()) {
      keys(client, Keys.NONE, steps);
    }
  }

  private static boolean getsSecret(Map<String, @Nullable Object> settings) {
    Object method = settings.get("token_endpoint_auth_method");
    Object application = settings.get("application_type");
    boolean web = application == null || application.equals("web");
    return method == null
        ? web && LOGIN.contains(String.valueOf(settings.get("integration_type")))
        : method.toString().startsWith("client_secret_");
  }

  private void update(Client client, String id, List<Step> steps) {
    String path = ClientCommand.path(id);
    Reply old = api.find(path);
    if (old == null) {
      throw new CannotDo("There is no client of the id " + id + " that you may change.");
    }
    String what = "client " + client.name() + " (" + id + ")";
    List<String> changes = AuthorityPlan.changes(client.settings(), old.object());
    if (!changes.isEmpty()) {
      Map<String, @Nullable Object> body = Members.changed(old.object(), client.settings());
      steps.add(
          new Step(
              Kind.CHANGE,
              what,
              changes,
              () ->
                  AuthorityPlan.requireTaken(
                      what, client.settings(), api.put(path, body, old.tag()).object())));
    }
    if (client.keys() != null) {
      keys(client, Keys.of(api, path), steps);
    }
  }

  /** Registers what is missing; removes the others only when that was asked for. */
  private void keys(Client client, Keys old, List<Step> steps) {
    List<Map<String, @Nullable Object>> wanted = client.keys() == null ? List.of() : client.keys();
    List<Object> set = new ArrayList<>();
    List<String> changes = new ArrayList<>();
    Set<Object> kids = new LinkedHashSet<>();
    for (Map<String, @Nullable Object> key : wanted) {
      kids.add(String.valueOf(key.get("kid")));
      Map<String, @Nullable Object> same = same(old, key);
      set.add(same == null ? key : same); // with its time of expiry
      if (same == null) {
        changes.add("+ " + key.get("kid"));
      }
    }
    for (Map<String, @Nullable Object> key : old.keys()) {
      if (kids.contains(key.get("kid"))) {
        continue;
      }
      if (prune) {
        changes.add("- " + key.get("kid"));
      } else {
        set.add(key);
      }
    }
    if (!changes.isEmpty()) {
      steps.add(
          new Step(
              Kind.CHANGE,
              "keys of client " + client.name(),
              changes,
              () ->
                  // One that was new has an id by now.
                  old.replace(
                      api, ClientCommand.path(String.valueOf(ids.get(client.name()))), set)));
    }
  }

  /** The key as it is registered, or null when it is not, or another is by that name. */
  private static @Nullable Map<String, @Nullable Object> same(
      Keys registered, Map<String, @Nullable Object> key) {
    for (Map<String, @Nullable Object> one : registered.keys()) {
      if (Stream.of("kid", "n", "e", "alg")
          .allMatch(name -> Members.same(one.get(name), key.get(name)))) {
        return one;
      }
    }
    return null;
  }

  private void system(VendorSystem system, List<Step> steps, List<Step> removals) {
    String path = SystemCommand.path(system.id());
    Reply old = api.find(path);
    Map<String, @Nullable Object> wanted = body(system);
    List<String> changes = old == null ? List.of() : Members.differences(wanted, old.object());
    if (old == null || !changes.isEmpty()) {
      steps.add(
          new Step(
              old == null ? Kind.CREATE : Kind.CHANGE,
              "system " + system.id(),
              changes,
              () -> api.put(path, body(system), null))); // clients that were new have ids by now
    }
    if (system.users() != null) {
      users(system.id(), system.users(), old != null, steps, removals);
    }
  }

  private Map<String, @Nullable Object> body(VendorSystem system) {
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    body.put("vendor_orgno", system.vendor());
    body.put("name", system.name());
    body.put(
        "client_ids", system.clients().stream().map(name -> ids.getOrDefault(name, name)).toList());
    return body;
  }

  private void users(
      String system, List<User> wanted, boolean exists, List<Step> steps, List<Step> removals) {
    Map<User, String> present = new LinkedHashMap<>();
    if (exists) {
      String path = "systemusers?system_id=" + AdminApiClient.encoded(system);
      api.all(path)
          .forEach(row ->
              present.put(
                  new User(
                      String.valueOf(row.get("party_orgno")),
                      String.valueOf(row.get("external_ref"))),
                  String.valueOf(row.get("id"))));
    }
    for (User user : wanted) {
      if (present.remove(user) == null) {
        Map<String, Object> body = SystemUserCommand.body(system, user.party(), user.reference());
        steps.add(
            new Step(
                Kind.CREATE, name(system, user), List.of(), () -> api.post("systemusers", body)));
      }
    }
    present.forEach((user, id) ->
        removals.add(
            new Step(
                Kind.REMOVE,
                name(system, user),
                List.of(),
                () -> api.delete(SystemUserCommand.path(id), null))));
  }

  private static String name(String system, User user) {
    return "system user " + system + " " + user.party() + ":" + user.reference();
  }
}
