import { migration } from 'decant';

class DeleteWithCascades {
  up(db) {
    db.exec('DELETE FROM users WHERE id % 25 = 0');
  }

  down(db) {
    db.exec(`INSERT INTO users (id, name, email) SELECT id * 25, 'back again', 'again' || id || '@example.org' FROM users WHERE id <= 40;
      INSERT INTO posts (user_id, title, body) SELECT id, 'Title again', 'a body for its user' FROM users WHERE name = 'back again'`);
  }
}

export default migration({ foreignKeys: 'enforced', expectLoss: ['posts', 'post_tags'] })(
  DeleteWithCascades,
) ?? DeleteWithCascades;
