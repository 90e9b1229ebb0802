package no.portvakt.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.cli.AdminApiClient.Reply;
import no.portvakt.cli.Portvakt.CannotDo;
import org.jspecify.annotations.Nullable;

/**
 * What has to be done so that a Maskinporten is as a file says: each step, in an order in which
 * each finds what it needs. What is there now is asked for, and nothing is changed.
 */
final class AuthorityPlan {
  /** What the scopes begin with that protect the admin API itself; nobody removes those. */
  private static final List<String> OF_THE_API = List.of("idporten:", "portvakt:");

  private final AdminApiClient api;
  private final AuthorityFile file;
  private final boolean prune;
  private final List<Step> steps = new ArrayList<>();
  private final List<Step> removals = new ArrayList<>();

  private AuthorityPlan(AdminApiClient api, AuthorityFile file, boolean prune) {
    this.api = api;
    this.file = file;
    this.prune = prune;
  }

  /** What a step does to the thing that it is about. */
  enum Kind {
    CREATE("+"),
    CHANGE("~"),
    REMOVE("-");

    private final String sign;

    Kind(String sign) {
      this.sign = sign;
    }
  }

  /**
   * One request that changes something.
   *
   * @param changes what differs, a line each
   */
  record Step(Kind kind, String what, List<String> changes, Runnable request) {
    @Override
    public String toString() {
      return kind.sign + " " + what;
    }
  }

  /** A step was taken, and what it was about has become something else than the file says. */
  static final class NotKept extends CannotDo {
    private static final long serialVersionUID = 1L;

    NotKept(String sentence) {
      super(sentence);
    }
  }

  /**
   * The steps to take.
   *
   * @param prune whether to remove what the file's sections do not have
   */
  static List<Step> of(AdminApiClient api, AuthorityFile file, ClientPlan clients, boolean prune) {
    AuthorityPlan plan = new AuthorityPlan(api, file, prune);
    plan.prefixes();
    plan.scopes();
    clients.add(plan.steps, plan.removals);
    plan.delegations();
    // What uses something goes before it: the reverse of the order in which they were found.
    List<Step> all = new ArrayList<>(plan.steps);
    if (prune) {
      all.addAll(plan.removals.reversed());
    }
    return all;
  }

  private void prefixes() {
    if (file.prefixes() == null) {
      return;
    }
    String owner = api.organisation();
    Set<String> present = new LinkedHashSet<>();
    api.all("prefix").forEach(row -> present.add(String.valueOf(row.get("prefix"))));
    for (String prefix : file.prefixes()) {
      if (!present.contains(prefix)) {
        steps.add(
            new Step(
                Kind.CREATE,
                "prefix " + prefix,
                List.of(),
                () -> api.put(PrefixCommand.path(prefix), Map.of("orgno", owner), null)));
      }
    }
  }

  private void scopes() {
    if (file.scopes() == null && file.accesses() == null) {
      return;
    }
    Map<String, Map<String, @Nullable Object>> wanted = new LinkedHashMap<>();
    if (file.scopes() != null) {
      wanted.putAll(file.scopes());
    }
    Set<String> fresh = new LinkedHashSet<>();
    // One by one: a list of all may be longer than the API shows.
    for (Map.Entry<String, Map<String, @Nullable Object>> scope : wanted.entrySet()) {
      Reply old = ScopeCommand.find(api, scope.getKey());
      if (old == null) {
        fresh.add(scope.getKey());
      }
      scope(scope.getKey(), scope.getValue(), old);
    }
    if (prune && file.scopes() != null) {
      api.all("scopes").stream()
          .map(row -> String.valueOf(row.get("name")))
          .filter(name -> !wanted.containsKey(name))
          .filter(name -> OF_THE_API.stream().noneMatch(name::startsWith))
          .forEach(name ->
              removals.add(
                  new Step(
                      Kind.REMOVE,
                      "scope " + name,
                      List.of(),
                      () -> api.delete(ScopeCommand.path(name), null))));
    }
    if (file.accesses() != null) {
      file.accesses().forEach((scope, list) -> access(scope, list, fresh.contains(scope)));
    }
  }

  private void scope(String name, Map<String, @Nullable Object> settings, @Nullable Reply old) {
    String what = "scope " + name;
    if (old == null) {
      Map<String, @Nullable Object> body = ScopeCommand.named(name);
      body.putAll(settings);
      steps.add(
          new Step(
              Kind.CREATE,
              what,
              List.of(),
              () -> requireTaken(what, settings, api.post("scopes", body).object())));
      return;
    }
    List<String> changes = changes(settings, old.object());
    if (!changes.isEmpty()) {
      Map<String, @Nullable Object> body = Members.changed(old.object(), settings);
      steps.add(
          new Step(
              Kind.CHANGE,
              what,
              changes,
              () ->
                  requireTaken(
                      what, settings, api.put(ScopeCommand.path(name), body, old.tag()).object())));
    }
  }

  /** What differs, and that it is not active, a line each. */
  static List<String> changes(
      Map<String, @Nullable Object> settings, Map<String, @Nullable Object> old) {
    List<String> changes = Members.differences(settings, old);
    if (Boolean.FALSE.equals(old.get("active"))) {
      changes.add("active: false → true");
    }
    return changes;
  }

  /** Refuses an answer that has not become what was sent: the next run would try it again. */
  static void requireTaken(
      String what, Map<String, @Nullable Object> settings, Map<String, @Nullable Object> answer) {
    List<String> differences = Members.differences(settings, answer);
    if (!differences.isEmpty()) {
      throw new NotKept(
          "The step is taken, but the authority does not keep this of the "
              + what
              + " as the file says: "
              + String.join("; ", differences)
              + ".");
    }
  }

  private void access(String scope, List<String> organisations, boolean isNew) {
    Set<String> present = new LinkedHashSet<>();
    if (!isNew) {
      api.all("scopes/access?scope=" + AdminApiClient.encoded(scope)).stream()
          .filter(row -> "APPROVED".equals(row.get("state")))
          .forEach(row -> present.add(String.valueOf(row.get("consumer_orgno"))));
    }
    for (String organisation : organisations) {
      if (!present.remove(organisation)) {
        steps.add(
            new Step(
                Kind.CREATE,
                "access " + scope + " " + organisation,
                List.of(),
                () -> api.put(AccessCommand.path(scope, organisation), null, null)));
      }
    }
    for (String organisation : present) {
      removals.add(
          new Step(
              Kind.REMOVE,
              "access " + scope + " " + organisation,
              List.of(),
              () -> api.delete(AccessCommand.path(scope, organisation), null)));
    }
  }

  private void delegations() {
    if (file.delegations() == null) {
      return;
    }
    Set<Object> scopes = new LinkedHashSet<>();
    Set<String> consumers = new LinkedHashSet<>();
    file.delegations()
        .forEach(wanted -> {
          scopes.add(String.valueOf(wanted.get("scope")));
          consumers.add(String.valueOf(wanted.get("consumer_orgno")));
        });
    Map<String, Map<String, @Nullable Object>> present = new LinkedHashMap<>();
    for (String consumer : consumers) {
      String path = "delegations?orgno=" + AdminApiClient.encoded(consumer);
      api.all(path).stream()
          .filter(row -> scopes.contains(row.get("scope")))
          .filter(row -> consumer.equals(row.get("consumer_orgno")))
          .forEach(row -> present.put(DelegationCommand.path(row), row));
    }
    for (Map<String, @Nullable Object> wanted : file.delegations()) {
      if (present.remove(DelegationCommand.path(wanted)) == null) {
        steps.add(
            new Step(
                Kind.CREATE, name(wanted), List.of(), () -> api.put("delegations", wanted, null)));
      }
    }
    for (Map.Entry<String, Map<String, @Nullable Object>> row : present.entrySet()) {
      removals.add(
          new Step(
              Kind.REMOVE, name(row.getValue()), List.of(), () -> api.delete(row.getKey(), null)));
    }
  }

  private static String name(Map<String, @Nullable Object> delegation) {
    return "delegation "
        + delegation.get("scope")
        + " "
        + delegation.get("consumer_orgno")
        + " to "
        + delegation.get("supplier_orgno");
  }
}
