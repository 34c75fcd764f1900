namespace Treeline.Tests.Contract;

/// <summary>Line 1 of the contract: every task has exactly one parent scope, and the live graph is always a tree.</summary>
public class OneParentTests : TreeTest
{
    [Fact]
    public Task A_child_is_below_its_scope_and_nowhere_else() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask child = scope.Spawn(Forever, "child");

        NodeSnapshot parent = Find(scope.Name);
        Assert.Equal(child.Id, Assert.Single(parent.Children).Id);
        Assert.Single(All(), node => node.Id == child.Id);

        scope.Cancel();
        await Task.Yield();
    }));

    [Fact]
    public Task A_scope_run_in_a_body_is_below_the_outer_scope() => InTime(() => TaskScope.RunAsync(async outer =>
    {
        await Task.Yield();
        await TaskScope.RunAsync(
            async inner =>
            {
                Assert.Equal("outer/inner", inner.Path);
                Assert.Equal(inner.Id, Assert.Single(Find("outer").Children).Id);
                await Task.Yield();
            },
            name: "inner");
    }, name: "outer"));

    [Fact]
    public Task A_scope_run_in_a_child_is_below_that_child_without_a_token_being_passed() =>
        InTime(() => TaskScope.RunAsync(async outer =>
        {
            string path = await outer.Spawn(
                async _ =>
                {
                    await Task.Yield();
                    return await Task.Run(() => TaskScope.RunAsync(inner => Task.FromResult(inner.Path), name: "inner"));
                },
                "child");
            Assert.Equal("outer/child/inner", path);
        }, name: "outer"));

    [Fact]
    public Task A_child_spawned_by_its_sibling_is_below_the_scope() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask younger = default;
        await scope.Spawn(
            _ =>
            {
                younger = scope.Spawn(Forever, "younger");
                NodeSnapshot parent = Find("scope");
                Assert.Equal(["elder", "younger"], parent.Children.Select(static node => node.Name));
                Assert.All(parent.Children, static node => Assert.Empty(node.Children));
                return Task.CompletedTask;
            },
            "elder");
        Assert.Equal("scope/younger", younger.Path);
        scope.Cancel();
    }, name: "scope"));

    [Fact]
    public Task A_child_spawned_from_a_nested_scope_into_the_outer_one_is_below_the_outer_one() =>
        InTime(() => TaskScope.RunAsync(async outer =>
        {
            ChildTask child = default;
            await TaskScope.RunAsync(
                inner =>
                {
                    child = outer.Spawn(static ct => Task.CompletedTask, "child");
                    return Task.CompletedTask;
                },
                name: "inner");
            Assert.Equal("outer/child", child.Path);
            await child;
        }, name: "outer"));

    [Fact]
    public Task A_scope_opened_where_no_context_flows_is_at_the_top() => InTime(() => TaskScope.RunAsync(async outer =>
    {
        Task<string> elsewhere;
        using (ExecutionContext.SuppressFlow())
        {
            elsewhere = Task.Run(() => TaskScope.RunAsync(scope => Task.FromResult(scope.Path), name: "elsewhere"));
        }

        Assert.Equal("elsewhere", await elsewhere);
    }));

    [Fact]
    public Task Numbers_are_unique_however_many_ask_at_once() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask[] children = [.. Enumerable.Range(0, 200).Select(_ => scope.Spawn(Forever))];
        long[][] seen = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => Task.Run(() => children.Select(static child => child.Id).ToArray())));

        Assert.Equal(children.Length, seen[0].Distinct().Count());
        Assert.All(seen, ids => Assert.Equal(seen[0], ids));
        scope.Cancel();
    }));

    [Fact]
    public Task While_scopes_come_and_go_every_snapshot_is_a_tree() => InTime(async () =>
    {
        Task program = TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 300; i++)
            {
                scope.Spawn(async _ => await TaskScope.RunAsync(async inner =>
                {
                    inner.Spawn(async _ => await Task.Yield());
                    await inner.Spawn(async _ => await Task.Yield());
                }));
                await Task.Yield();
            }
        });
        do
        {
            List<NodeSnapshot> all = All();
            Assert.Equal(all.Count, all.DistinctBy(static node => node.Id).Count());
            await Task.Yield();
        }
        while (!program.IsCompleted);

        await program;
    });
}
