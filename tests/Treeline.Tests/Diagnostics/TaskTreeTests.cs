namespace Treeline.Tests.Diagnostics;

/// <summary>Finding nodes by name, and counting them.</summary>
public sealed class TaskTreeTests : TreeTest
{
    [Fact]
    public Task Find_gives_all_nodes_of_a_name_parents_first() => InTime(async () =>
    {
        await using TaskScope top = TaskScope.Open(name: "order");
        top.Spawn(Forever, "order");
        top.Spawn(Forever, "Order");
        Assert.Equal([NodeKind.Scope, NodeKind.Child], TaskTree.Find("order").Select(static node => node.Kind));
        Assert.Empty(TaskTree.Find("no such"));
        Assert.Throws<ArgumentNullException>(() => TaskTree.Find(null!));
    });

    [Fact]
    public Task The_count_without_a_picture_is_that_of_the_picture() => InTime(async () =>
    {
        int before = TaskTree.CountAlive();
        await using TaskScope top = TaskScope.Open();
        for (int i = 0; i < 10; i++)
        {
            top.Spawn(static ct => TaskScope.RunAsync(static inner => Forever(inner.Token), ct));
        }

        await Until(() => TaskTree.CountAlive() == before + 21);
        Assert.Equal(TaskTree.Snapshot().Count, TaskTree.CountAlive());
    });

    [Fact]
    public Task A_writer_gets_what_the_text_is() => InTime(async () =>
    {
        await using TaskScope top = TaskScope.Open(name: "top");
        var writer = new StringWriter();
        TaskTree.Dump(writer);
        Assert.Contains("top  scope, running", writer.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => TaskTree.Dump(null!));
    });
}
