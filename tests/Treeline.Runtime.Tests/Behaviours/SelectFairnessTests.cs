namespace Treeline.Tests.Behaviours;

/// <summary>Of several things that can always happen, none is kept out; named first, the first wins.</summary>
public sealed class SelectFairnessTests : TreeTest
{
    private const int Rounds = 3_000;

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task Chance_decides_among_what_is_ready(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        int[] wins = runtime.BlockOn(static _ => Wins(biased: false));

        // A thousand each; that one has fewer than 800 happens once in 10^14.
        Assert.All(wins, each => Assert.True(each > 800, string.Join(" : ", wins)));
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task Biased_the_first_wins(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        Assert.Equal([Rounds, 0, 0], runtime.BlockOn(static _ => Wins(biased: true)));
    });

    private static async Fiber<int[]> Wins(bool biased)
    {
        var wins = new int[3];
        var select = new Select<int>();
        for (int i = 0; i < wins.Length; i++)
        {
            int index = i;
            (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Unbounded<int>();
            for (int message = 0; message < Rounds; message++)
            {
                sender.TrySend(message);
            }

            select.On(receiver.ReceiveCase(), _ => index);
        }

        if (biased)
        {
            select.Biased();
        }

        for (int round = 0; round < Rounds; round++)
        {
            wins[await select.WaitAsync()]++;
        }

        return wins;
    }
}
